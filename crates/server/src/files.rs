//! Uploaded files: their bytes, in a folder of the server's own, under names that no client has a say in.

mod folder;
mod kind;
mod link;
mod name;
mod range;
mod receive;
mod serve;

use crate::body::{Body, Upload};
use crate::problem::Problem;
use archwright_plan::model::{FieldId, ScalarType};
use archwright_plan::{OperationKind, Plan};
use archwright_store::{Call, Context, Reply, Store, StoredFile};
pub(crate) use folder::Folder;
use http::{HeaderMap, Response};
use kind::{Kind, accepts, kind};
pub(crate) use link::Links;
use receive::{Limits, Received, disk, receive};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// Where uploads stand while they come in.
const INCOMING: &str = "incoming";
/// An upload that is under way has no record; whatever is older than this is left over.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(60 * 60);

#[derive(Clone)]
pub(crate) struct Files {
    folder: Arc<Folder>,
    links: Links,
    patience: Duration,
}

impl Files {
    /// Makes the folder when it is not there.
    pub(crate) fn new(folder: Folder, links: Links, patience: Duration) -> io::Result<Self> {
        make_folder(&folder.own().join(INCOMING))?;
        Ok(Self {
            folder: Arc::new(folder),
            links,
            patience,
        })
    }

    /// Takes the bytes of an operation of kind Upload, and answers it. What it replaces is deleted.
    pub(crate) async fn upload(
        &self,
        store: &Arc<Store>,
        call: Call,
        context: Context,
        headers: &HeaderMap,
        body: Upload,
    ) -> Result<Reply, Problem> {
        store.may_upload(&call, &context)?;
        let (field, max_bytes, accepted) = file_field(store.plan(), call.operation)?;
        let limits = Limits {
            bytes: max_bytes,
            accepts: &|media_type| accepts(accepted, media_type),
            patience: self.patience,
        };
        let received = receive(headers, body, &self.folder.own().join(INCOMING), &limits).await?;
        let kind = check_kind(&received, accepted)?;
        let name = &store.plan().model.field(field).name;
        let file = describe(&received, &kind, name);
        let (files, store) = (self.clone(), store.clone());
        // On its own, so that a client that goes away leaves no half of it.
        let kept =
            tokio::spawn(async move { files.keep(&store, received, file, call, context).await });
        kept.await
            .map_err(|error| Problem::internal(error.to_string()))?
    }

    async fn keep(
        &self,
        store: &Store,
        received: Received,
        file: StoredFile,
        call: Call,
        context: Context,
    ) -> Result<Reply, Problem> {
        let ids = [file.id.clone()];
        let to = self.folder.own().join(&file.path);
        let moved = tokio::task::spawn_blocking(move || settle(received, &to)).await;
        let moved = moved.map_err(|error| Problem::internal(error.to_string()))?;
        moved.map_err(|error| disk(&error))?;
        match store.upload(call, file, context).await {
            Ok(mut reply) => {
                self.delete(&std::mem::take(&mut reply.dropped_files)).await;
                Ok(reply)
            }
            Err(failure) => {
                self.delete(&ids).await;
                Err(failure.into())
            }
        }
    }

    /// The bytes, or those that `Range` asks for.
    pub(crate) async fn download(
        &self,
        store: &Store,
        token: &str,
        headers: &HeaderMap,
        now: i64,
    ) -> Result<Response<Body>, Problem> {
        let gone = || Problem::not_found("There is no such file, or the link has expired.");
        let linked = self.links.read(token, now).ok_or_else(gone)?;
        let file = store.file(&linked.id.to_string())?.ok_or_else(gone)?;
        let path = self.folder.find(&place(linked.id));
        let seconds = (linked.expires_at - now) / 1000;
        serve::response(&file, &path, headers, seconds).await
    }

    /// Deletes bytes that no record has any more.
    pub(crate) async fn delete(&self, ids: &[String]) {
        for id in ids.iter().filter_map(|id| Uuid::try_parse(id).ok()) {
            let path = self.folder.own().join(place(id));
            match tokio::fs::remove_file(&path).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::error!(%id, %error, "a file without a row can't be deleted");
                }
                _ => {}
            }
        }
    }

    /// Deletes what uploads and deletions that were cut short have left.
    pub(crate) async fn sweep(&self, store: Arc<Store>) {
        let files = self.clone();
        let swept = tokio::task::spawn_blocking(move || files.sweep_now(&store, SystemTime::now()));
        match swept.await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => tracing::info!(count, "deleted files that no row has"),
            Ok(Err(reason)) => tracing::error!(reason, "left-over files can't be deleted"),
            Err(error) => tracing::error!(%error, "left-over files can't be deleted"),
        }
    }

    fn sweep_now(&self, store: &Store, now: SystemTime) -> Result<usize, String> {
        let mut count = 0;
        let own = self.folder.own();
        for path in entries(&own.join(INCOMING))? {
            count += usize::from(is_old(&path, now) && std::fs::remove_file(&path).is_ok());
        }
        for outer in entries(own)?.filter(|path| !path.ends_with(INCOMING)) {
            for inner in entries(&outer)? {
                let old: Vec<PathBuf> = entries(&inner)?.filter(|path| is_old(path, now)).collect();
                let ids: Vec<String> = old.iter().filter_map(|path| id_of(path)).collect();
                let unrecorded = store.unrecorded_files(&ids);
                for id in unrecorded.map_err(|failure| format!("{failure:?}"))? {
                    count += usize::from(std::fs::remove_file(inner.join(id)).is_ok());
                }
            }
        }
        Ok(count)
    }
}

/// What is in a folder; nothing when it is no folder, or a link to one.
fn entries(folder: &Path) -> Result<impl Iterator<Item = PathBuf>, String> {
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    let found = match is_folder {
        true => Some(std::fs::read_dir(folder).map_err(|error| error.to_string())?),
        false => None,
    };
    Ok(found
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path()))
}

fn is_old(path: &Path, now: SystemTime) -> bool {
    let modified = path.symlink_metadata().and_then(|found| found.modified());
    let age = modified
        .ok()
        .and_then(|modified| now.duration_since(modified).ok());
    age.is_some_and(|age| age > LEFT_OVER_AFTER)
}

fn id_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    Uuid::try_parse(name).ok().map(|id| id.to_string())
}

/// The field, how many bytes it takes, and of which types.
fn file_field(plan: &Plan, operation: usize) -> Result<(FieldId, u64, &[String]), Problem> {
    let OperationKind::Upload(field) = plan.operations[operation].kind else {
        return Err(Problem::internal("the operation is no upload"));
    };
    match plan.model.field(field).scalar() {
        Some(ScalarType::File {
            max_bytes,
            media_types,
        }) => Ok((field, *max_bytes, media_types)),
        _ => Err(Problem::internal("the field holds no file")),
    }
}

fn check_kind(received: &Received, accepted: &[String]) -> Result<Kind, Problem> {
    if received.size == 0 {
        let message = "The file has no bytes.".to_owned();
        return Err(receive::invalid("", "required", message));
    }
    let claimed = received.media_type.as_deref();
    let found = kind(&received.head, received.is_text, claimed, accepted);
    if accepts(accepted, &found.media_type) {
        return Ok(found);
    }
    let detail = format!(
        "The bytes are of the type `{}`; accepted are {}.",
        found.media_type,
        accepted.join(", ")
    );
    Err(Problem::unsupported_media_type(detail))
}

fn describe(received: &Received, kind: &Kind, field: &str) -> StoredFile {
    let id = Uuid::now_v7();
    StoredFile {
        id: id.to_string(),
        path: place(id).to_string_lossy().into_owned(),
        name: name::harmless(received.name.as_deref(), field, kind),
        media_type: kind.media_type.clone(),
        size: received.size,
        sha256: received.sha256,
    }
}

/// Below the folder, spread by the random end of the id.
fn place(id: Uuid) -> PathBuf {
    let text = id.to_string();
    let (outer, inner) = (&text[34..36], &text[32..34]);
    [outer, inner, &text].iter().collect()
}

/// Gives the bytes their own name, never over others, and waits until the disk has it.
fn settle(received: Received, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(to);
    make_folder(folder)?;
    received.path.persist_noclobber(to)?;
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// For the owner alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
