//! A small disk of its own, to be filled.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// In memory; unmounted when dropped.
pub struct SmallDisk {
    pub folder: PathBuf,
}

/// Takes all the room there is, until it is dropped.
pub struct Filler(PathBuf);

impl SmallDisk {
    pub fn new() -> Result<Self> {
        let name = format!("archwright-disk-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]);
        let output = mount.arg(&folder).output().context("mount")?;
        if !output.status.success() {
            let _ = std::fs::remove_dir(&folder);
            bail!(
                "a small disk can't be mounted; that takes root: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(Self { folder })
    }

    pub fn fill(&self) -> Result<Filler> {
        let path = self.folder.join("filler");
        let filler = Filler(path.clone());
        let mut file = File::create(path)?;
        for size in [1024 * 1024, 4096, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(filler)
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = |folder: &Path| Command::new("umount").arg(folder).output();
        let _ = unmount(&self.folder);
        let _ = std::fs::remove_dir(&self.folder);
    }
}
