//! The pages that a running backend shows in the browser: a start page and an API reference. Pure: bytes out of a
//! plan, nothing from outside, no script or style inside the pages.

mod access;
mod conventions;
mod curl;
mod decisions;
mod diagram;
mod groups;
mod hints;
mod view;

use archwright_plan::Plan;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value};
use std::borrow::Cow;

#[derive(Clone, Debug, Default)]
pub struct PageOptions {
    /// Offers sign-in as each seeded role at `POST /dev/sign-in/{role}`, and requests from the page.
    pub development: bool,
    /// Role and what its seeded account signs in with. Shown in development only.
    pub seeded_roles: Vec<(String, String)>,
}

/// One address of the site.
#[derive(Clone, Debug)]
pub struct Page {
    pub path: String,
    pub media_type: &'static str,
    /// `Content-Encoding` of the bytes; a client that doesn't accept it needs them decoded.
    pub encoding: Option<&'static str>,
    pub bytes: Cow<'static, [u8]>,
    /// `Content-Security-Policy`
    pub csp: &'static str,
    /// `Cache-Control`
    pub cache: &'static str,
}

const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The reference writes style elements of its own, and keeps faces and icons in its script.
const REFERENCE: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                         img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; \
                         base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FRESH: &str = "no-cache";
/// The version stands in the path.
const FOREVER: &str = "public, max-age=31536000, immutable";

const SCALAR: &[u8] = include_bytes!("../vendor/scalar/standalone.js.gz");
const ASSETS: [(&str, &str, &str); 7] = [
    (
        "/_page/page.css",
        "text/css; charset=utf-8",
        include_str!("assets/page.css"),
    ),
    (
        "/_page/start.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/start.js"),
    ),
    (
        "/_page/diagram.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/diagram.js"),
    ),
    (
        "/_page/try.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/try.js"),
    ),
    (
        "/_page/reference.css",
        "text/css; charset=utf-8",
        include_str!("assets/reference.css"),
    ),
    (
        "/_page/reference.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/reference.js"),
    ),
    (
        "/_page/icon.svg",
        "image/svg+xml",
        include_str!("assets/icon.svg"),
    ),
];
const TEMPLATES: [(&str, &str); 4] = [
    ("start.html", include_str!("templates/start.html")),
    ("try.html", include_str!("templates/try.html")),
    ("terminal.html", include_str!("templates/terminal.html")),
    ("reference.html", include_str!("templates/reference.html")),
];

/// All pages and what they load. The same plan and options give the same bytes.
pub fn pages(plan: &Plan, options: &PageOptions) -> Vec<Page> {
    let site = Value::from(Serde(view::site(plan, options)));
    let templates = templates();
    let context = minijinja::context! { site => site };
    let render = |name: &str| {
        let template = templates.get_template(name);
        let rendered = template.and_then(|template| template.render(context.clone()));
        // The templates are fixed and tested: only a mistake in them could fail here.
        rendered.expect("the page's own templates render")
    };
    let mut pages = vec![
        html("/", render("start.html"), STRICT),
        html("/reference", render("reference.html"), REFERENCE),
    ];
    pages.extend(ASSETS.iter().map(|(path, media_type, text)| Page {
        path: (*path).to_owned(),
        media_type,
        encoding: None,
        bytes: Cow::Borrowed(text.as_bytes()),
        csp: STRICT,
        cache: FRESH,
    }));
    pages.push(Page {
        path: "/_page/scalar-1.72.1.js".to_owned(),
        media_type: "text/javascript; charset=utf-8",
        encoding: Some("gzip"),
        bytes: Cow::Borrowed(SCALAR),
        csp: STRICT,
        cache: FOREVER,
    });
    pages
}

fn html(path: &str, text: String, csp: &'static str) -> Page {
    Page {
        path: path.to_owned(),
        media_type: "text/html; charset=utf-8",
        encoding: None,
        bytes: Cow::Owned(text.into_bytes()),
        csp,
        cache: FRESH,
    }
}

fn templates() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(format);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.expect("the default delimiters differ"));
    environment.add_filter("code", code);
    for (name, source) in TEMPLATES {
        environment
            .add_template(name, source)
            .expect("the page's own templates parse");
    }
    environment
}

/// Escapes what is not markup of our own. The library's own escaper would make the page a fifth larger: it writes each
/// slash as an entity.
fn format(output: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    let text = match value.as_str() {
        Some(text) if !value.is_safe() => Cow::Owned(diagram::escape(text)),
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(diagram::escape(&value.to_string())),
    };
    output.write_str(&text).map_err(Error::from)
}

/// Text with what stands between backticks as code; all of it escaped.
fn code(text: String) -> Value {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = diagram::escape(part);
        match index % 2 {
            0 => html.push_str(&part),
            _ => html.push_str(&format!("<code>{part}</code>")),
        }
    }
    Value::from_safe_string(html)
}
