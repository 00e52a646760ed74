//! What a reader knows of an index: a look at its manifests, and what follows from them.

use std::sync::Arc;

use super::format::{Absorbed, Directory, Listed, Manifest};
use super::names::{SegmentName, WriterId};
use super::port::{Port, sound};
use crate::features::search::Order;
use crate::{Keys, Result};

/// How often a look is taken again while manifests change, before it is taken as it is.
const LOOKS: usize = 16;

/// When to look.
#[derive(Clone, Copy, Debug)]
pub enum Due {
    /// Whenever it is asked for.
    Always,
    /// If nobody has.
    Never,
    /// If nobody has for so long, in milliseconds.
    Older { life: u64, now: u64 },
}

impl Due {
    /// Whether it is due when somebody last looked then.
    pub fn is(self, looked: Option<u64>) -> bool {
        match (self, looked) {
            (Self::Always, _) | (_, None) => true,
            (Self::Never, Some(_)) => false,
            (Self::Older { life, now }, Some(looked)) => now < looked || now - looked >= life,
        }
    }
}

/// All manifests at one moment.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// By writer.
    pub manifests: Vec<Arc<Manifest>>,
    /// Whether the directory held: whoever wrote it said so.
    pub trusted: bool,
}

impl Look {
    /// A writer's manifest.
    pub fn manifest(&self, writer: WriterId) -> Option<&Arc<Manifest>> {
        let at = self.manifests.binary_search_by_key(&writer, |manifest| manifest.writer).ok()?;
        self.manifests.get(at)
    }

    /// The same look, with this manifest if it is newer than what was seen of its writer.
    pub fn put(&mut self, manifest: Arc<Manifest>) {
        match self.manifests.binary_search_by_key(&manifest.writer, |manifest| manifest.writer) {
            Ok(at) => {
                if let Some(known) = self.manifests.get_mut(at).filter(|known| known.generation < manifest.generation) {
                    *known = manifest;
                }
            }
            Err(at) => self.manifests.insert(at, manifest),
        }
    }

    /// Whether both are of the same moment.
    fn agrees(&self, other: &Self) -> bool {
        let names = |look: &Self| -> Vec<(WriterId, u64)> {
            look.manifests.iter().map(|manifest| (manifest.writer, manifest.generation)).collect()
        };
        names(self) == names(other)
    }

    /// Looks, knowing what was seen before.
    ///
    /// Manifests are read by one call, which is not said to be of one moment. What they say together is, if they say the
    /// same twice: each change has a number of its own. So a look is taken until it agrees with the one before.
    ///
    /// # Errors
    /// What the store says; `corrupt` for a manifest or directory that is none.
    pub async fn take(port: &Port, known: &Self) -> Result<Self> {
        let mut last = known.clone();
        for _ in 0..LOOKS {
            let now = Self::once(port, &last).await?;
            // One entry alone is read at one moment.
            if now.agrees(&last) || now.manifests.len() < 2 {
                return Ok(now);
            }
            last = now;
        }
        Ok(last)
    }

    async fn once(port: &Port, known: &Self) -> Result<Self> {
        let known: Vec<WriterId> = known.manifests.iter().map(|manifest| manifest.writer).collect();
        let directory = port.names.directory();
        let mut keys = Keys::from([&directory]);
        known.iter().for_each(|writer| keys.push(&port.names.manifest(*writer)));
        let mut found = port.get_now(keys).await?.into_iter();
        let entry = found.next().flatten();
        let entry = entry.map(|entry| sound(&directory, Directory::read(&entry.to_vec()))).transpose()?;
        let mut look = Self::default();
        for (writer, entry) in known.iter().zip(found) {
            look.add(port, *writer, entry)?;
        }
        if let Some(directory) = &entry {
            look.fetch(port, &known, &directory.writers).await?;
        }
        look.trusted = entry.as_ref().is_some_and(|directory| {
            let author = look.manifest(directory.author);
            author.is_some_and(|author| author.joined == directory.attempt)
        });
        if !look.trusted {
            let listed = listed(port).await?;
            let mut known = known;
            known.extend(look.manifests.iter().map(|manifest| manifest.writer));
            look.fetch(port, &known, &listed).await?;
        }
        Ok(look)
    }

    /// Reads the manifests of those `writers` that are not `known`.
    async fn fetch(&mut self, port: &Port, known: &[WriterId], writers: &[WriterId]) -> Result<()> {
        let new: Vec<WriterId> = writers.iter().filter(|writer| !known.contains(writer)).copied().collect();
        let keys = new.iter().map(|writer| port.names.manifest(*writer)).collect();
        for (writer, entry) in new.iter().zip(port.get_now(keys).await?) {
            self.add(port, *writer, entry)?;
        }
        Ok(())
    }

    /// A manifest that is missing was absorbed and deleted.
    fn add(&mut self, port: &Port, writer: WriterId, entry: Option<crate::Value>) -> Result<()> {
        let Some(entry) = entry else { return Ok(()) };
        let key = port.names.manifest(writer);
        let manifest = sound(&key, Manifest::read(&entry.to_vec()))?;
        if manifest.writer != writer {
            return sound(&key, Err(super::format::Damage::Broken));
        }
        self.put(Arc::new(manifest));
        Ok(())
    }

    /// What all of them have absorbed, by writer.
    pub fn absorbed(&self) -> Vec<Absorbed> {
        let mut all: Vec<Absorbed> = Vec::new();
        let mut add = |mark: &Absorbed| match all.binary_search_by_key(&mark.writer, |known| known.writer) {
            Ok(at) => all.get_mut(at).into_iter().for_each(|known| known.join(mark)),
            Err(at) => all.insert(at, mark.clone()),
        };
        self.manifests.iter().flat_map(|manifest| &manifest.absorbed).for_each(&mut add);
        all
    }

    /// What counts.
    pub fn view(&self) -> View {
        let absorbed = self.absorbed();
        let mark = |writer: WriterId| {
            absorbed.binary_search_by_key(&writer, |mark| mark.writer).ok().and_then(|at| absorbed.get(at))
        };
        let mut view = View::default();
        for manifest in &self.manifests {
            let mark = mark(manifest.writer);
            let all = manifest.names();
            view.segments.extend(all.filter(|(name, _)| mark.is_none_or(|mark| !mark.holds(name.number))));
            view.cleared = view.cleared.max(manifest.cleared);
            view.stamp = view.stamp.max(manifest.stamp);
        }
        view
    }
}

/// What counts of an index: a function of its manifests, the same for whoever has seen the same.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The segments that hold it, in order.
    pub segments: Vec<(SegmentName, Listed)>,
    /// Rows up to this order are gone.
    pub cleared: Order,
    /// No writer has seen a greater stamp.
    pub stamp: u64,
}

/// Who has a manifest by the store's own listing.
///
/// # Errors
/// What the store says.
pub async fn listed(port: &Port) -> Result<Vec<WriterId>> {
    let keys = port.list(&port.names.manifests()).await?;
    Ok(WriterId::sorted(keys.iter().filter_map(|key| port.names.writer(key)).map(WriterId::bits).collect()))
}
