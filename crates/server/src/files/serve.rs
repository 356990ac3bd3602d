//! Sends a stored file, so that a browser never takes it for more than bytes.

use super::kind::media_type_header;
use super::name::disposition;
use super::range::{Wanted, wanted};
use crate::body::{self, Body};
use crate::conditional;
use crate::problem::Problem;
use archwright_store::StoredFile;
use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::io::{self, SeekFrom};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncSeekExt, Take};

const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const CHUNK: usize = 64 * 1024;

/// `seconds`: how long the link is still good, and the reply may be kept.
pub(super) async fn response(
    file: &StoredFile,
    path: &Path,
    headers: &HeaderMap,
    seconds: i64,
) -> Result<Response<Body>, Problem> {
    let hash = file.sha256.iter().take(16);
    let opaque: String = hash.map(|byte| format!("{byte:02x}")).collect();
    let mut response = Response::new(body::empty());
    describe(response.headers_mut(), file, &opaque, seconds);
    if conditional::if_none_match(headers, &opaque) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let range = match wanted(headers, file.size, &format!("\"{opaque}\"")) {
        Wanted::Whole => 0..file.size,
        Wanted::Part(range) => {
            let said = format!("bytes {}-{}/{}", range.start, range.end - 1, file.size);
            insert(response.headers_mut(), CONTENT_RANGE, &said);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            range
        }
        Wanted::Nothing => return Err(not_satisfiable(file.size)),
    };
    let length = range.end - range.start;
    let opened = open(path, range.start, length).await;
    let opened = opened.map_err(|error| {
        let mut problem = Problem::not_found("There is no such file, or the link has expired.");
        problem.log = Some(format!("the bytes of the file {} are gone: {error}", file.id).into());
        problem
    })?;
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    *response.body_mut() = body::streamed(chunks(opened));
    Ok(response)
}

fn describe(headers: &mut HeaderMap, file: &StoredFile, opaque: &str, seconds: i64) {
    headers.insert(CONTENT_TYPE, media_type_header(&file.media_type));
    headers.insert(CONTENT_DISPOSITION, disposition(file));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    insert(
        headers,
        CACHE_CONTROL,
        &format!("private, max-age={}, immutable", seconds.max(0)),
    );
    headers.extend(conditional::etag(opaque).map(|tag| (ETAG, tag)));
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn not_satisfiable(size: u64) -> Problem {
    let detail = format!("The file has {size} bytes; the range lies behind them.");
    let problem = Problem::new(416, "range-not-satisfiable", detail);
    match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => problem.with(CONTENT_RANGE, value),
        Err(_) => problem,
    }
}

/// Only a plain file: what a link in our folder points at is not ours.
async fn open(path: &Path, start: u64, length: u64) -> io::Result<Take<tokio::fs::File>> {
    if !tokio::fs::symlink_metadata(path).await?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut file = tokio::fs::File::open(path).await?;
    if start > 0 {
        file.seek(SeekFrom::Start(start)).await?;
    }
    Ok(file.take(length))
}

fn chunks(file: Take<tokio::fs::File>) -> impl Stream<Item = io::Result<Bytes>> {
    try_unfold(file, |mut file| async move {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = (&mut file)
            .take(CHUNK as u64)
            .read_to_end(&mut chunk)
            .await?;
        if read == 0 && file.limit() > 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok((read > 0).then(|| (Bytes::from(chunk), file)))
    })
}
