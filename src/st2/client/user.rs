//! Who a credential belongs to.

use serde::Deserialize;

use super::{ApiError, Client};
use crate::st2::Access;

/// Who a credential belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The user's name.
    pub username: String,
    /// What the user may do.
    #[serde(default)]
    pub rbac: Rbac,
}

/// A user's rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Rbac {
    /// Whether StackStorm looks at rights at all; if not, everybody may do everything.
    #[serde(default)]
    pub enabled: bool,
    /// The user's roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Whether the user is an administrator; true for everybody when rights are not looked at.
    #[serde(default)]
    pub is_admin: bool,
}

impl Client {
    /// Asks who `access` belongs to.
    ///
    /// # Errors
    /// When StackStorm does not say.
    pub async fn user(&self, access: &Access) -> Result<User, ApiError> {
        Ok(self.read(access, self.get("/user")).await?.body)
    }
}
