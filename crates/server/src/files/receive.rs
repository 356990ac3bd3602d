//! Takes the bytes of an upload to disk as they come: as the body itself, or as the one part of a form.

use super::kind::{HEAD_LENGTH, TextCheck};
use crate::body::Upload;
use crate::media::{self, MediaType};
use crate::problem::Problem;
use crate::request::check_not_encoded;
use archwright_store::{Failure, Fault};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use multer::{Constraints, Multipart, SizeLimit};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;

/// What a form may have around its part.
const FORM_BYTES: u64 = 16 * 1024;
/// What the parser of forms may hold without handing it on: one chunk of the connection and the form's own bytes.
const MOST_HELD: u64 = 1024 * 1024;
/// Bytes in a second; who sends fewer keeps a connection for too long.
const SLOWEST: u64 = 4 * 1024;
/// The one part of a form.
const PART: &str = "file";

/// Bytes on disk, under a name that is not theirs yet; deleted when this is dropped.
pub(super) struct Received {
    pub path: TempPath,
    pub size: u64,
    pub sha256: [u8; 32],
    /// The first bytes, enough to tell the type.
    pub head: Vec<u8>,
    pub is_text: bool,
    /// As the client calls it.
    pub name: Option<String>,
    /// As the client has it, without parameters.
    pub media_type: Option<String>,
}

/// What an upload may be.
pub(super) struct Limits<'a> {
    pub bytes: u64,
    pub accepts: &'a (dyn Fn(&str) -> bool + Sync),
    /// For the next bytes to come, and before the client's speed counts.
    pub patience: Duration,
}

pub(super) async fn receive(
    headers: &HeaderMap,
    body: Upload,
    folder: &Path,
    limits: &Limits<'_>,
) -> Result<Received, Problem> {
    let media_type = check_headers(headers, limits)?;
    let sink = Sink::new(folder)?;
    match media_type {
        Some(form) if is_form(&form) => from_form(form, body, sink, limits).await,
        other => {
            let mut chunks = Chunks::Raw(body);
            let mut received = fill(&mut chunks, sink, limits).await?;
            received.media_type = other.map(|media_type| media_type.essence);
            Ok(received)
        }
    }
}

/// Refuses by the headers what can be refused by them.
fn check_headers(headers: &HeaderMap, limits: &Limits<'_>) -> Result<Option<MediaType>, Problem> {
    check_not_encoded(headers)?;
    let media_type = media::content_type(headers)
        .map_err(|()| Problem::unsupported_media_type("`Content-Type` can't be read."))?;
    let is_raw = media_type.as_ref().is_none_or(|given| !is_form(given));
    if let Some(given) = media_type.as_ref().filter(|_| is_raw) {
        let essence = given.essence.as_str();
        if essence != "application/octet-stream" && !(limits.accepts)(essence) {
            let detail = format!("Files of the type `{essence}` are not accepted here.");
            return Err(Problem::unsupported_media_type(detail));
        }
    }
    let most = if is_raw {
        limits.bytes
    } else {
        limits.bytes + FORM_BYTES
    };
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let length: Option<u64> = length.and_then(|text| text.parse().ok());
    match length.is_some_and(|length| length > most) {
        true => Err(Problem::too_large(limits.bytes)),
        false => Ok(media_type),
    }
}

fn is_form(media_type: &MediaType) -> bool {
    media_type.essence == "multipart/form-data"
}

async fn from_form(
    form: MediaType,
    sender: Upload,
    sink: Sink,
    limits: &Limits<'_>,
) -> Result<Received, Problem> {
    let boundary = form.parameters.iter().find(|(name, _)| name == "boundary");
    let boundary = boundary.map(|(_, value)| value.clone());
    let boundary = boundary.filter(|value| (1..=70).contains(&value.len()));
    let boundary =
        boundary.ok_or_else(|| Problem::bad_request("The form's boundary is missing."))?;
    let handed_on = Arc::new(AtomicU64::new(0));
    let paced = Paced {
        sender,
        taken: 0,
        handed_on: handed_on.clone(),
        paused: false,
    };
    let sizes = SizeLimit::new().whole_stream(limits.bytes + FORM_BYTES);
    let constraints = Constraints::new().size_limit(sizes);
    let mut form = Multipart::with_constraints(paced, boundary, constraints);
    let part = in_time(limits, form.next_field()).await?;
    let part = part.map_err(|error| form_problem(&error, limits))?;
    let Some(part) = part.filter(|part| part.name() == Some(PART)) else {
        return Err(one_part());
    };
    let name = part.file_name().map(str::to_owned);
    let media_type = part
        .content_type()
        .map(|given| given.essence_str().to_owned());
    let mut chunks = Chunks::Part(Box::new(part), handed_on);
    let received = fill(&mut chunks, sink, limits).await?;
    drop(chunks);
    let another = in_time(limits, form.next_field()).await?;
    if another
        .map_err(|error| form_problem(&error, limits))?
        .is_some()
    {
        return Err(one_part());
    }
    Ok(Received {
        name,
        media_type,
        ..received
    })
}

fn one_part() -> Problem {
    let message = format!("The form must have one part, and its name must be `{PART}`.");
    invalid(&format!("/{PART}"), "required", message)
}

pub(super) fn invalid(at: &str, code: &'static str, message: String) -> Problem {
    let at = at.to_owned();
    Failure::Invalid(vec![Fault { at, code, message }]).into()
}

fn form_problem(error: &multer::Error, limits: &Limits<'_>) -> Problem {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            Problem::too_large(limits.bytes)
        }
        _ => Problem::bad_request("The form can't be read, or ended before it was whole."),
    }
}

async fn in_time<T>(limits: &Limits<'_>, work: impl Future<Output = T>) -> Result<T, Problem> {
    let result = tokio::time::timeout(limits.patience, work).await;
    result.map_err(|_| Problem::timeout())
}

/// Where bytes come from.
enum Chunks {
    Raw(Upload),
    Part(Box<multer::Field<'static>>, Arc<AtomicU64>),
}

impl Chunks {
    async fn next(&mut self, limits: &Limits<'_>) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Raw(sender) => {
                let cut = |_| Problem::bad_request("The body ended before it was whole.");
                in_time(limits, sender.try_next()).await?.map_err(cut)
            }
            Self::Part(part, handed_on) => {
                let chunk = in_time(limits, part.chunk()).await?;
                let chunk = chunk.map_err(|error| form_problem(&error, limits))?;
                let length = chunk.as_ref().map_or(0, Bytes::len);
                handed_on.fetch_add(length as u64, Ordering::Relaxed);
                Ok(chunk)
            }
        }
    }
}

/// A file that is being written.
struct Sink {
    file: tokio::fs::File,
    path: TempPath,
}

impl Sink {
    fn new(folder: &Path) -> Result<Self, Problem> {
        let (file, path) = tempfile::NamedTempFile::new_in(folder)
            .map_err(|error| disk(&error))?
            .into_parts();
        let file = tokio::fs::File::from_std(file);
        Ok(Self { file, path })
    }
}

async fn fill(
    chunks: &mut Chunks,
    mut sink: Sink,
    limits: &Limits<'_>,
) -> Result<Received, Problem> {
    let (mut size, mut head) = (0_u64, Vec::new());
    let (mut hash, mut text) = (Sha256::new(), TextCheck::default());
    let begun = Instant::now();
    while let Some(chunk) = chunks.next(limits).await? {
        size += chunk.len() as u64;
        if is_too_slow(size, begun.elapsed(), limits.patience) {
            return Err(Problem::timeout());
        }
        if size > limits.bytes {
            return Err(Problem::too_large(limits.bytes));
        }
        let missing = HEAD_LENGTH.saturating_sub(head.len());
        head.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        hash.update(&chunk);
        text.update(&chunk);
        let written = sink.file.write_all(&chunk).await;
        written.map_err(|error| disk(&error))?;
    }
    let synced = sink.file.sync_all().await;
    synced.map_err(|error| disk(&error))?;
    Ok(Received {
        path: sink.path,
        size,
        sha256: hash.finalize().into(),
        head,
        is_text: text.is_text(),
        name: None,
        media_type: None,
    })
}

fn is_too_slow(size: u64, elapsed: Duration, patience: Duration) -> bool {
    let least = elapsed.as_millis() * u128::from(SLOWEST) / 1000;
    elapsed > patience && u128::from(size) < least
}

/// A disk that is full may have room again.
pub(super) fn disk(error: &std::io::Error) -> Problem {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let mut problem = match error.kind() {
        StorageFull | QuotaExceeded => {
            Problem::unavailable("There is no room for the file; try again later.", 60)
        }
        _ => Problem::internal(""),
    };
    problem.log = Some(format!("an uploaded file can't be kept: {error}").into());
    problem
}

/// Hands on one chunk at a time. The parser of forms takes all that is ready before it gives anything back, so that
/// without this a fast client could fill the memory with what belongs on the disk.
struct Paced {
    sender: Upload,
    taken: u64,
    handed_on: Arc<AtomicU64>,
    paused: bool,
}

impl Stream for Paced {
    type Item = <Upload as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.paused) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let held = self
            .taken
            .saturating_sub(self.handed_on.load(Ordering::Relaxed));
        if held > MOST_HELD {
            return Poll::Ready(Some(Err("the form is all frame".into())));
        }
        let next = Pin::new(&mut self.sender).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            self.taken += chunk.len() as u64;
            self.paused = true;
        }
        next
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use futures_util::stream::{self, StreamExt};
    use http::HeaderValue;
    use http::header::CONTENT_TYPE;

    async fn receive_form(body: Upload, bytes: u64) -> Result<Received, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("multipart/form-data; boundary=frame");
        headers.insert(CONTENT_TYPE, form);
        let limits = Limits {
            bytes,
            accepts: &|_| true,
            patience: Duration::from_millis(50),
        };
        receive(&headers, body, folder.path(), &limits).await
    }

    /// A body of many chunks that are all there at once, and how many of its bytes were taken.
    fn endless(head: &'static str, chunks: u64) -> (Upload, Arc<AtomicU64>) {
        let taken = Arc::new(AtomicU64::new(0));
        let count = taken.clone();
        let chunks = (0..chunks).map(move |index| {
            let chunk = match index {
                0 => Bytes::from_static(head.as_bytes()),
                _ => Bytes::from_static(&[b'x'; 64 * 1024]),
            };
            count.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            Ok(chunk)
        });
        (stream::iter(chunks).boxed(), taken)
    }

    #[tokio::test]
    async fn a_form_that_is_all_frame_is_not_taken_into_memory() {
        for head in ["", "--frame\r\nContent-Disposition: "] {
            let (body, taken) = endless(head, 1000);
            let refused = receive_form(body, 1 << 30).await.err().unwrap();
            assert_eq!(refused.status, 400);
            let taken = taken.load(Ordering::Relaxed);
            assert!(taken < 2 * MOST_HELD, "{taken}");
        }
    }

    #[tokio::test]
    async fn a_part_may_be_larger_than_what_may_be_held() {
        let head = "--frame\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
        let (body, taken) = endless(head, 100);
        let refused = receive_form(body, 5 << 20).await.err().unwrap();
        assert_eq!(refused.status, 413);
        assert!(taken.load(Ordering::Relaxed) > 5 << 20);
    }

    #[test]
    fn who_sends_a_byte_now_and_then_is_too_slow() {
        let second = Duration::from_secs(1);
        assert!(!is_too_slow(1, 9 * second, 10 * second));
        assert!(is_too_slow(11, 11 * second, 10 * second));
        assert!(is_too_slow(11 * SLOWEST - 1, 11 * second, 10 * second));
        assert!(!is_too_slow(11 * SLOWEST, 11 * second, 10 * second));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let refused = receive_form(stream::pending().boxed(), 1 << 20)
            .await
            .err()
            .unwrap();
        assert_eq!(refused.status, 408);
    }
}
