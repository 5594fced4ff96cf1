//! Which web pages may call from a browser. Knows no path.

use std::time::Duration;

use http::{
    HeaderName, HeaderValue, Method,
    header::{LINK, RETRY_AFTER},
};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may keep the answer about methods and headers.
const MAX_AGE: Duration = Duration::from_secs(3_600);

/// Allows pages of these origins; `*` is any. None: no page of another origin may call.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    let origin = match origins {
        [] => return None,
        origins if origins.iter().any(|origin| origin == "*") => AllowOrigin::any(),
        origins => {
            let values = origins.iter().map(HeaderValue::try_from);
            AllowOrigin::list(values.filter_map(Result::ok))
        }
    };
    let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    let exposed = [LINK, RETRY_AFTER, HeaderName::from_static("x-request-id")];
    Some(
        CorsLayer::new()
            .allow_origin(origin)
            .allow_methods(methods)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(exposed)
            .max_age(MAX_AGE),
    )
}
