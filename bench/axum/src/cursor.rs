//! The opaque text that says where the next page begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// `sort` and `id` are those of the page's last row.
pub fn encode(sort: Option<&str>, id: &str, question: u64) -> String {
    let parts = json!([sort, id, format!("{question:016x}")]);
    URL_SAFE_NO_PAD.encode(parts.to_string())
}

/// FNV-1a over what was asked, so that a cursor is good for the same question only.
pub fn question(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
