//! The connection below a request, kept so that it can be closed without an answer.

use std::any::Any;
use std::net::{Shutdown, TcpStream};

use actix_web::HttpRequest;
use actix_web::dev::Extensions;

/// A second handle of a client's connection.
#[derive(Debug)]
pub(crate) struct Wire(TcpStream);

impl Wire {
    /// Keeps a handle of a new connection among its `extensions`.
    pub(crate) fn keep(connection: &dyn Any, extensions: &mut Extensions) {
        #[cfg(unix)]
        if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() {
            use std::os::fd::AsFd;
            extensions.insert(stream.as_fd().try_clone_to_owned().ok().map(|fd| Self(fd.into())));
        }
        #[cfg(not(unix))]
        let _: (&dyn Any, &mut Extensions) = (connection, extensions);
    }

    /// Closes the connection of `request`; whoever waits for an answer sees it end.
    pub(crate) fn close(request: &HttpRequest) {
        if let Some(Some(Self(stream))) = request.conn_data::<Option<Self>>() {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}
