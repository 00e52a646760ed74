//! A store of the user's own as a Rust `ByteStore`: a file for each key, held against the contract.
//!
//! It shows the least that a store must do. It claims nothing that it does not have (no TTL, no atomic batches, no
//! conditional set), so that each call is short; the kit tests that it refuses what it does not claim. Run it:
//! `cargo run --example own_store`. It ends with an error if a rule is broken.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};

use bytestow::conformance::{Harness, OpenOptions, Opened, run};
use bytestow::event::Counters;
use bytestow::layers::Namespaced;
use bytestow::store::check_clear;
use bytestow::{
    BoxFuture, ByteStore, Capabilities, Condition, Cursor, Entries, Error, ErrorCode, Keys, Lookup, Page, Result, Stat,
    Stats, Ttl,
};

/// The most bytes of a key: file names have at most 255 characters, and a byte takes two.
const MOST: usize = 120;

/// Values as files of one folder, named after their keys.
struct FileStore {
    folder: PathBuf,
    closed: AtomicBool,
    counters: Counters,
}

impl FileStore {
    fn new(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, closed: AtomicBool::new(false), counters: Counters::default() })
    }

    /// The first check of every call.
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(()) }
    }

    /// The file of a key. Hexadecimal: any character may stand in a key, and some file systems ignore case.
    fn file(&self, key: &str) -> Result<PathBuf> {
        if key.len() > MOST {
            return Err(Error::too_large("a key", key.len() as u64, MOST as u64));
        }
        let hex: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        Ok(self.folder.join(format!("k{hex}")))
    }

    fn files(&self, keys: &Keys) -> Result<Vec<PathBuf>> {
        keys.iter().map(|key| self.file(key)).collect()
    }

    /// All keys behind `after`, in order, so that a listing can go on although files come and go.
    fn keys_behind(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(failed)? {
            let name = file.map_err(failed)?.file_name();
            // A file that is not ours is none of our keys.
            let Some(key) = name.to_str().and_then(|name| key_of(name.strip_prefix('k')?)) else { continue };
            if key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after) {
                keys.push(key);
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }
}

fn key_of(hex: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// What the file system says, in the words of the contract.
fn failed(error: io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::QuotaExceeded,
        io::ErrorKind::PermissionDenied => ErrorCode::Unauthorized,
        _ => ErrorCode::Unavailable,
    };
    Error::new(code, "the folder of the store cannot be used: see cause").with_cause(error.to_string())
}

/// `None` where the file is missing.
fn found<T>(end: io::Result<T>) -> Result<Option<T>> {
    match end {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn no_ttl() -> Error {
    Error::invalid_argument("ttl: files do not expire")
}

impl ByteStore for FileStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: false,
            // Whoever opens the same folder sees what was written.
            shared_writes: true,
            ttl: false,
            exact_ttl: false,
            conditional_set: false,
            shared_backend: false,
            persistent: true,
            max_key_bytes: Some(MOST as u64),
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check_open()?;
            let mut lookups = Vec::with_capacity(keys.len());
            for file in self.files(&keys)? {
                let value = found(fs::read(file))?.map(Into::into);
                lookups.push(Lookup { value, ..Lookup::default() });
            }
            self.counters.read(&lookups);
            Ok(lookups)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            if matches!(ttl, Ttl::After(_)) {
                return Err(no_ttl());
            }
            // Every key is checked before anything is written.
            let files = self.files(entries.keys())?;
            for (file, value) in files.iter().zip(entries.values()) {
                // First beside its place, so that no reader ever sees half of a value.
                let beside = file.with_extension("new");
                fs::write(&beside, value.to_vec()).and_then(|()| fs::rename(&beside, file)).map_err(failed)?;
            }
            self.counters.wrote(entries.bytes());
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            for file in self.files(&keys)? {
                found(fs::remove_file(file))?;
            }
            Ok(())
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            self.check_open()?;
            let after = cursor.map(Cursor::into_after).transpose()?;
            let mut keys = self.keys_behind(&prefix, after.as_deref())?;
            let more = keys.len() > limit.max(1);
            keys.truncate(limit.max(1));
            let next = keys.last().filter(|_| more).map(Cursor::after);
            Ok(Page { keys, next })
        })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            self.check_open()?;
            let stat = |file| {
                let metadata = found(fs::metadata(file))?;
                Ok(metadata.map(|file| Stat { bytes: file.len(), expiry: bytestow::Expiry::Never, written: None }))
            };
            self.files(&keys)?.into_iter().map(stat).collect()
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            check_clear(self.capabilities(), &prefix, all)?;
            self.delete_many(self.keys_behind(&prefix, None)?.iter().collect()).await
        })
    }

    fn set_if(&self, _: Entries, _: Vec<Condition>, _: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        // Only to say `closed` first; otherwise what the trait gives would do.
        Box::pin(
            async move { Err(self.check_open().err().unwrap_or_else(|| Error::unsupported("files have no set_if"))) },
        )
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.store(true, Ordering::SeqCst);
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}

/// How the kit gets at it: a folder for each backend, beneath one that goes when all is done.
struct Files {
    beneath: PathBuf,
}

impl Files {
    fn store(&self, backend: &str) -> Result<Arc<dyn ByteStore>> {
        Ok(Arc::new(FileStore::new(self.beneath.join(backend)).map_err(failed)?))
    }
}

impl Harness for Files {
    fn name(&self) -> &str {
        "FileStore"
    }

    fn open<'a>(&'a self, backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move {
            if options.ttl.is_some() {
                return Err(no_ttl());
            }
            let store = self.store(backend)?;
            Ok(match options.namespace {
                Some(namespace) => Arc::new(Namespaced::new(store, &namespace)?),
                None => store,
            })
        })
    }

    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        Some(Box::pin(async move { self.store(backend) }))
    }
}

fn main() -> ExitCode {
    let beneath = std::env::temp_dir().join(format!("bytestow-own-store-{}", std::process::id()));
    let report = futures_executor::block_on(run(&Files { beneath: beneath.clone() }, 2026));
    println!("{report}");
    let removed = remove(&beneath);
    if report.is_ok() && removed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder)
}
