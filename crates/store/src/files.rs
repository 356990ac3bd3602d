//! The records of uploaded files; their bytes are the HTTP layer's.

use crate::{Call, Context, Failure, Reply, Store};

/// A file whose bytes are on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// A version 7 uuid.
    pub id: String,
    /// Below the folder of uploads.
    pub path: String,
    /// As the client called it.
    pub name: String,
    /// By content.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    pub sha256: [u8; 32],
}

impl Store {
    /// Whether the caller may upload at all, before a byte is taken: `Ok`, or what `upload` would refuse it with.
    pub fn may_upload(&self, call: &Call, context: &Context) -> Result<(), Failure> {
        let _ = (call, context);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// Answers an operation of kind Upload. The file that it replaces is in `Reply::dropped_files`.
    pub async fn upload(
        &self,
        call: Call,
        file: StoredFile,
        context: Context,
    ) -> Result<Reply, Failure> {
        let _ = (call, file, context);
        Err(Failure::Internal("not there yet".to_owned()))
    }

    /// `None`: there is no such file, or no row refers to it any more.
    pub fn file(&self, id: &str) -> Result<Option<StoredFile>, Failure> {
        let _ = id;
        Err(Failure::Internal("not there yet".to_owned()))
    }
}
