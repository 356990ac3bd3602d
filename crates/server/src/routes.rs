//! Finds the operation for a path and method.

use archwright_plan::{Operation, Plan, model};
use http::{HeaderValue, Method};
use std::sync::Arc;

/// All paths that are served. A plan's operation takes precedence over a path of the server's own.
pub(crate) struct Routes {
    tree: matchit::Router<usize>,
    paths: Vec<Path>,
}

pub(crate) struct Path {
    /// As the design has it, for logs and metrics.
    pub template: Arc<str>,
    pub methods: Vec<(Method, Target)>,
    pub allow: HeaderValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Operation(Arc<Route>),
    System(System),
}

/// An operation, and where its parameters stand in the path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Position in `Plan::operations`.
    pub operation: usize,
    /// For each of the operation's parameters, its place among those of the path.
    pub parameters: Vec<usize>,
}

/// What the server offers beside the plan's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Health,
    Ready,
    Metrics,
    Problem,
    /// Position among the replies that never change.
    Fixed(usize),
    DevelopmentSignIn,
}

#[derive(Debug, thiserror::Error)]
#[error("the path {path} can't be served: {reason}")]
pub struct RouteError {
    pub path: String,
    pub reason: String,
}

impl Routes {
    pub(crate) fn new(
        plan: &Plan,
        system: &[(String, Method, System)],
    ) -> Result<Self, RouteError> {
        let mut routes = Self {
            tree: matchit::Router::new(),
            paths: Vec::new(),
        };
        for (index, operation) in plan.operations.iter().enumerate() {
            let route = Route {
                operation: index,
                parameters: places(operation),
            };
            let target = Target::Operation(Arc::new(route));
            routes.add(&operation.path, method(operation.method), target)?;
        }
        for (path, method, target) in system {
            // The design's own path wins; that is the one reason why this can fail.
            let _ = routes.add(path, method.clone(), Target::System(*target));
        }
        Ok(routes)
    }

    fn add(&mut self, template: &str, method: Method, target: Target) -> Result<(), RouteError> {
        let failed = |reason: String| RouteError {
            path: template.to_owned(),
            reason,
        };
        let pattern = positional(template);
        let known = self
            .paths
            .iter_mut()
            .find(|path| positional(&path.template) == pattern);
        if let Some(path) = known {
            if path.methods.iter().any(|(other, _)| *other == method) {
                return Err(failed(format!("{method} is there already")));
            }
            path.methods.push((method, target));
            path.allow = allow(&path.methods);
            return Ok(());
        }
        let inserted = self.tree.insert(pattern, self.paths.len());
        inserted.map_err(|error| failed(error.to_string()))?;
        let methods = vec![(method, target)];
        self.paths.push(Path {
            template: template.into(),
            allow: allow(&methods),
            methods,
        });
        Ok(())
    }

    /// The path's entry and its raw parameters, still percent-encoded.
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<(&Path, Vec<&'a str>)> {
        let found = self.tree.at(path).ok()?;
        let parameters = found.params.iter().map(|(_, value)| value).collect();
        Some((&self.paths[*found.value], parameters))
    }
}

impl Path {
    /// `HEAD` is answered by what answers `GET`.
    pub(crate) fn target(&self, method: &Method) -> Option<&Target> {
        let wanted = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = self.methods.iter().find(|(known, _)| known == wanted);
        found.map(|(_, target)| target)
    }
}

fn method(method: model::Method) -> Method {
    match method {
        model::Method::Get => Method::GET,
        model::Method::Post => Method::POST,
        model::Method::Put => Method::PUT,
        model::Method::Patch => Method::PATCH,
        model::Method::Delete => Method::DELETE,
    }
}

/// `/books/{isbn}/authors/{id}` as `/books/{0}/authors/{1}`: the tree wants one name for each place.
fn positional(template: &str) -> String {
    let mut pattern = String::with_capacity(template.len());
    let mut rest = template;
    let mut count = 0;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        pattern.push_str(before);
        pattern.push_str(&format!("{{{count}}}"));
        count += 1;
        rest = after;
    }
    pattern.push_str(rest);
    pattern
}

/// Names in braces, in order.
fn names(template: &str) -> Vec<&str> {
    let pieces = template.split('{').skip(1);
    pieces
        .filter_map(|piece| piece.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

fn places(operation: &Operation) -> Vec<usize> {
    let names = names(&operation.path);
    let place = |name: &str| names.iter().position(|known| *known == name);
    let parameters = operation.parameters.iter().enumerate();
    parameters
        .map(|(index, parameter)| place(&parameter.name).unwrap_or(index))
        .collect()
}

fn allow(methods: &[(Method, Target)]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    // Names of methods are visible ASCII.
    HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered() {
        assert_eq!(positional("/v1/books"), "/v1/books");
        assert_eq!(positional("/a/{x}/b/{y}"), "/a/{0}/b/{1}");
        assert_eq!(names("/a/{x}/b/{y}"), ["x", "y"]);
    }

    #[test]
    fn allow_lists_what_is_answered() {
        let target = Target::System(System::Health);
        let methods = [(Method::POST, target.clone()), (Method::GET, target)];
        assert_eq!(allow(&methods), "GET, HEAD, OPTIONS, POST");
    }
}
