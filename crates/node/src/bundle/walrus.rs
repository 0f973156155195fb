//! Bundling by our own client of Walrus.

use euca_image::bundle::{Bundle, Destination, Uploader};
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::Bundler;
use crate::error::Error;

impl Bundler for Uploader {
    fn check(&self, to: &Destination) -> Result<(), Error> {
        Ok(Self::check(self, to)?)
    }

    fn bundle<'a>(
        &'a self,
        bundle: &'a Bundle,
        abort: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.upload(bundle, abort).await.map_err(|error| match error {
                euca_image::Error::Cancelled => Error::Canceled,
                error => error.into(),
            })
        })
    }
}
