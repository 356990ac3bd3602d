//! What a database URL asks for. How the connection is encrypted is read here: the client library knows less of it.

use super::tls::Encryption;
use crate::OpenError;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, SslNegotiation};

#[derive(Clone)]
pub(crate) struct Settings {
    pub config: Config,
    pub encryption: Encryption,
}

impl Settings {
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        let parts = split(url);
        let understood = parts.rest.parse();
        let mut config: Config = understood.map_err(|_| OpenError::Url(url.to_owned()))?;
        let mode = parts.mode.as_deref().unwrap_or("prefer");
        let mut encryption =
            Encryption::new(mode, parts.root.as_deref()).map_err(OpenError::Encryption)?;
        encryption.is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        // The client library gets a stream that is encrypted already, or is to stay plain.
        config.ssl_mode(SslMode::Require);
        config.ssl_negotiation(SslNegotiation::Direct);
        Ok(Self { config, encryption })
    }
}

struct Parts {
    rest: String,
    mode: Option<String>,
    root: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of the query.
fn split(url: &str) -> Parts {
    let mut parts = Parts {
        rest: url.to_owned(),
        mode: None,
        root: None,
    };
    // A password may hold a question mark.
    let after_user = url.find('@').unwrap_or(0);
    let Some(mark) = url[after_user..].find('?') else {
        return parts;
    };
    let (start, query) = (&url[..after_user + mark], &url[after_user + mark + 1..]);
    let mut others = Vec::new();
    for pair in query.split('&') {
        let decoded = |value| Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
        match pair.split_once('=') {
            Some(("sslmode", mode)) => parts.mode = decoded(mode),
            Some(("sslrootcert", root)) => parts.root = decoded(root),
            _ => others.push(pair),
        }
    }
    parts.rest = match others.is_empty() {
        true => start.to_owned(),
        false => format!("{start}?{}", others.join("&")),
    };
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_encryption_is_taken_out_of_the_url() {
        let check = |url: &str, rest: &str, mode: Option<&str>, root: Option<&str>| {
            let parts = split(url);
            let found = (
                parts.rest.as_str(),
                parts.mode.as_deref(),
                parts.root.as_deref(),
            );
            assert_eq!(found, (rest, mode, root), "{url}");
        };
        check("postgres://db/shop", "postgres://db/shop", None, None);
        check(
            "postgres://ann:a?b@db/shop?sslmode=verify-full&options=-csearch_path%3Dx&sslrootcert=%2Fetc%2Fca.pem",
            "postgres://ann:a?b@db/shop?options=-csearch_path%3Dx",
            Some("verify-full"),
            Some("/etc/ca.pem"),
        );
        check(
            "postgres://db?sslmode=require",
            "postgres://db",
            Some("require"),
            None,
        );
    }

    #[test]
    fn modes_that_are_not_known_are_told_with_those_that_are() {
        let refused = |url: &str| match Settings::parse(url) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        let told = refused("postgres://db/shop?sslmode=allow");
        assert!(told.contains("`sslmode=allow`"), "{told}");
        assert!(told.contains("verify-full"), "{told}");
        let told = refused("postgres://db/shop?sslmode=verify-ca&sslrootcert=/no/such/file.pem");
        assert!(told.contains("/no/such/file.pem"), "{told}");
        assert!(Settings::parse("postgres://db/shop?sslmode=require").is_ok());
        assert!(Settings::parse("postgres://db/shop?sslmode=verify-full").is_ok());
    }
}
