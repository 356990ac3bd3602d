//! A small design that shows what the examples don't.

/// Anyone reads and writes notes, so that tests need no accounts.
pub const NOTES: &str = "archwright: 1
name: notes
api:
  body: 1KB
  timeout: 1s
  rates: { sign-in: 3/h, read: 1000/h, write: 1000/h }
entities:
  Note:
    versioned: true
    soft-delete: true
    fields:
      title: string(1..120), unique
      size: int, filter, sort = 0
    allow: { read: anyone, write: anyone }
";
