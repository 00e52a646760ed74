//! Running other programs.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::lanes;

/// What a step ends with: nothing, or why it failed and what mends it.
pub type Outcome = Result<(), String>;

/// The top of the repository: of this one, or of the copy of it that `BYTESTOW_ROOT` names.
pub fn root() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned();
    std::env::var_os("BYTESTOW_ROOT").map_or_else(here, PathBuf::from)
}

/// A command to run at the top of the repository.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Node, on a script of the repository.
pub fn node(script: &str) -> Command {
    command("node", &[script])
}

/// Runs `command` as the step `what`, which is printed with its time.
pub fn run(what: &str, command: &mut Command) -> Outcome {
    let began = Instant::now();
    let ended = if lanes::others_print() {
        println!("== {what}: begins");
        whole(what, command)
    } else {
        println!("\n== {what}");
        command.status()
    };
    let status = ended.map_err(|error| format!("{what}: {:?}: {error}", command.get_program()))?;
    let seconds = began.elapsed().as_secs_f64();
    if status.success() {
        println!("== {what}: done in {seconds:.1} s");
        Ok(())
    } else {
        Err(format!("{what}: failed after {seconds:.1} s ({status})"))
    }
}

/// Runs `command`, and shows all that it prints when it has ended. By a file: a pipe would stay open for as long as a server
/// that it has left behind.
fn whole(what: &str, command: &mut Command) -> io::Result<ExitStatus> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("bytestow-step-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    let file = File::create(&path)?;
    let status = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).status();
    let printed = std::fs::read(&path)?;
    std::fs::remove_file(&path)?;
    let mut out = io::stdout().lock();
    writeln!(out, "\n== {what}")?;
    out.write_all(&printed)?;
    status
}

/// What `command` prints, if it succeeds.
pub fn output(command: &mut Command) -> Result<String, String> {
    let shown = format!("{:?}", command.get_program());
    let output = command.output().map_err(|error| format!("{shown} did not start: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{shown} failed: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Reads a file; the error names it.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file and the folders above it; the error names it.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Outcome {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Copies a file; the error names it.
pub fn copy(from: &Path, to: &Path) -> Outcome {
    write(to, read(from)?)
}

/// Removes a folder if it is there.
pub fn remove(folder: &Path) -> Outcome {
    match std::fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}
