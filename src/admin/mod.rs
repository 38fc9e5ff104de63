//! What operators reach over HTTP.
