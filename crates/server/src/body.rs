//! Bodies of replies and of uploads: most replies are there whole, files are streamed.

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use std::error::Error;
use std::io;

pub(crate) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, io::Error>>;

/// The bytes of an upload as they come.
pub(crate) type Upload = BoxStream<'static, Result<Bytes, Box<dyn Error + Send + Sync>>>;

pub(crate) fn empty() -> Body {
    whole(Bytes::new())
}

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(bytes.into()))
}

pub(crate) fn streamed(chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    Either::Right(StreamBody::new(chunks.map_ok(Frame::data)).boxed_unsync())
}

pub(crate) fn upload(body: Incoming) -> Upload {
    body.into_data_stream().map_err(Into::into).boxed()
}
