//! Which function a request goes to, by route keys as API Gateway writes them: `GET /v1/plans/{plan}`,
//! `ANY /v1/{rest+}`, `$default`.
//! Source: API Gateway developer guide, "Create routes for HTTP APIs": a full match goes before a greedy
//! one, a greedy one before `$default`; a named method before `ANY`.

use super::function::Function;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A route and the function that answers it.
#[derive(Clone)]
pub struct Route {
    /// Its key: a method or `ANY`, a space, a path; or `$default`.
    pub key: String,
    /// The function that answers.
    pub to: Arc<dyn Function>,
    /// Whether it is answered without asking the authorizer.
    pub open: bool,
}

/// All routes, among which the best fit is found.
#[derive(Clone, Default)]
pub struct Routes(Vec<Route>);

/// How well a route fits; the greater is the better one: whether it is not greedy, whether it names the method, and
/// how many parts are literal.
type Fit = (bool, bool, usize);

impl Routes {
    /// A table of these routes; their order means nothing.
    pub fn new(routes: Vec<Route>) -> Self {
        Self(routes)
    }

    /// The route that fits a request best, with its path parameters; none when no route fits.
    pub fn find(&self, method: &str, path: &str) -> Option<(&Route, Map<String, Value>)> {
        let fits = self.0.iter().filter_map(|route| {
            let (fit, parameters) = fit(&route.key, method, path)?;
            Some((fit, route, parameters))
        });
        let best = fits.max_by_key(|(fit, ..)| *fit);
        best.map(|(_, route, parameters)| (route, parameters))
            .or_else(|| self.0.iter().find(|r| r.key == "$default").map(|route| (route, Map::new())))
    }
}

fn fit(key: &str, method: &str, path: &str) -> Option<(Fit, Map<String, Value>)> {
    let (wanted, pattern) = key.split_once(' ')?;
    if wanted != "ANY" && wanted != method {
        return None;
    }
    let mut parameters = Map::new();
    let mut literal = 0;
    let mut given = path.trim_matches('/').split('/').peekable();
    for part in pattern.trim_matches('/').split('/') {
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) if name.ends_with('+') => {
                let rest: Vec<&str> = given.collect();
                if rest.iter().all(|part| part.is_empty()) {
                    return None;
                }
                parameters.insert(name.trim_end_matches('+').to_owned(), rest.join("/").into());
                return Some(((false, wanted != "ANY", literal), parameters));
            }
            Some(name) => {
                let value = given.next().filter(|v| !v.is_empty())?;
                parameters.insert(name.to_owned(), value.into());
            }
            None if given.next() == Some(part) => literal += 1,
            None => return None,
        }
    }
    given.peek().is_none().then_some(((true, wanted != "ANY", literal), parameters))
}

#[cfg(test)]
mod tests {
    use super::super::typed;
    use super::*;

    fn routes(keys: &[&str]) -> Routes {
        let to = typed(|event: Value, _| async { Ok(event) });
        Routes::new(
            keys.iter().map(|k| Route { key: (*k).to_owned(), to: to.clone(), open: false }).collect(),
        )
    }

    #[test]
    fn the_most_particular_route_answers() {
        let routes = routes(&[
            "$default",
            "ANY /v1/{rest+}",
            "GET /v1/plans/{plan}",
            "ANY /v1/plans/{plan}",
            "GET /v1/plans/mine",
        ]);
        let key = |method, path| routes.find(method, path).map(|(r, _)| r.key.clone()).unwrap();
        assert_eq!(key("GET", "/v1/plans/mine"), "GET /v1/plans/mine");
        assert_eq!(key("GET", "/v1/plans/pln_1"), "GET /v1/plans/{plan}");
        assert_eq!(key("PUT", "/v1/plans/pln_1"), "ANY /v1/plans/{plan}");
        assert_eq!(key("GET", "/v1/plans/pln_1/more"), "ANY /v1/{rest+}");
        assert_eq!(key("GET", "/v2"), "$default");
        assert_eq!(key("GET", "/v1/"), "$default");
    }

    #[test]
    fn parameters_are_taken_from_the_path() {
        let routes = routes(&["GET /a/{one}/{rest+}"]);
        let (_, parameters) = routes.find("GET", "/a/1/b/c").unwrap();
        assert_eq!(parameters["one"], "1");
        assert_eq!(parameters["rest"], "b/c");
        assert!(routes.find("GET", "/a/1").is_none());
        assert!(routes.find("POST", "/a/1/b").is_none());
    }
}
