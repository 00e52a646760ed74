//! What the machine must have. What may be installed is; what may not is named with the line that installs it.

use std::path::Path;

use crate::shell::{self, Outcome, command, output, root};

/// The oldest Node that the tests run on.
const NODE: (u32, u32) = (20, 19);

/// Node, at its least version.
pub fn node() -> Outcome {
    let version = output(&mut command("node", &["--version"]))
        .map_err(|_| "Node is missing: install Node 20.19 or later (https://nodejs.org)".to_owned())?;
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < NODE {
        return Err(format!("Node {} is too old: install Node 20.19 or later", version.trim()));
    }
    Ok(())
}

/// The wasm32 target of the Rust toolchain.
pub fn wasm_target() -> Outcome {
    let installed = output(&mut command("rustup", &["target", "list", "--installed"])).unwrap_or_default();
    if installed.lines().any(|line| line == "wasm32-unknown-unknown") {
        return Ok(());
    }
    shell::run("install the wasm32 target", &mut command("rustup", &["target", "add", "wasm32-unknown-unknown"]))
        .map_err(|error| format!("{error}\nmend it with: rustup target add wasm32-unknown-unknown"))
}

/// The npm packages of `folder`, exactly as its lockfile says.
pub fn npm_ci(folder: &str) -> Outcome {
    node()?;
    let folder_path = root().join(folder);
    let lock = shell::read(&folder_path.join("package-lock.json"))?;
    let stamp = folder_path.join("node_modules/.bytestow-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    shell::run(&format!("npm ci in {folder}"), npm.current_dir(&folder_path))?;
    shell::write(&stamp, lock)
}

/// Chromium, from the system's packages if that is allowed.
pub fn chromium() -> Outcome {
    if std::env::var_os("CHROMIUM").is_some() || Path::new("/usr/bin/chromium").exists() {
        return Ok(());
    }
    install("Chromium", "chromium", "or set CHROMIUM to the path of a Chromium or Chrome")
}

/// Firefox, likewise.
pub fn firefox() -> Outcome {
    if std::env::var_os("FIREFOX").is_some() || Path::new("/usr/bin/firefox-esr").exists() {
        return Ok(());
    }
    install("Firefox", "firefox-esr", "or set FIREFOX to the path of one")
}

/// A real Redis and its command line, likewise.
pub fn redis() -> Outcome {
    if on_path("redis-server") && on_path("redis-cli") {
        return Ok(());
    }
    install("redis-server", "redis-server redis-tools", "from version 7 on")
}

/// Python and what makes its virtual environments, for the interop with LangChain's Python stores.
pub fn python() -> Outcome {
    if output(&mut command("python3", &["-c", "import ensurepip, venv"])).is_ok() {
        return Ok(());
    }
    install("Python 3 with venv", "python3 python3-venv", "from version 3.10 on")
}

fn on_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).exists())
}

/// Installs Debian's `packages`, where this is a Debian that we may change; says how to where it is not.
fn install(what: &str, packages: &str, otherwise: &str) -> Outcome {
    let line = format!("apt-get update && apt-get install -y {packages}");
    let may_install =
        output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0") && Path::new("/usr/bin/apt-get").exists();
    if !may_install {
        return Err(format!("{what} is missing. Install it (Debian: {line}), {otherwise}"));
    }
    let mut install = command("sh", &["-c", &line]);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    shell::run(&format!("install {what}"), &mut install).map_err(|error| format!("{error}\nmend it with: {line}"))
}
