//! Interactive documentation: Swagger UI, which is part of this program, for the document at `/openapi.json`. Needs no
//! network.

use axum::{body::Body, response::Response};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};

/// A page or a part of one.
pub(super) struct Asset {
    pub(super) path: &'static str,
    content_type: &'static str,
    content: &'static [u8],
}

pub(super) const ASSETS: [Asset; 4] = [
    Asset {
        path: "/docs",
        content_type: "text/html; charset=utf-8",
        content: include_bytes!("docs/page.html"),
    },
    Asset {
        path: "/docs/start.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_bytes!("docs/start.js"),
    },
    Asset {
        path: "/docs/swagger-ui.css",
        content_type: "text/css; charset=utf-8",
        content: include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css")),
    },
    Asset {
        path: "/docs/swagger-ui-bundle.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js")),
    },
];

impl Asset {
    pub(super) fn answer(&self) -> Response {
        let mut response = Response::new(Body::from(self.content));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let an_hour = HeaderValue::from_static("public, max-age=3600");
        headers.insert(CACHE_CONTROL, an_hour);
        // Swagger UI has icons in data URLs and sets styles itself. Nothing comes from another server.
        let policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        response
    }
}
