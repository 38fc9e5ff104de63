//! Aliases: which there are, which matches, running one.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;

use super::{ApiError, Client};
use crate::{
    alias::Alias,
    st2::{
        Access,
        wire::{AliasAnswer, AliasExecution, MatchAndExecute, MatchAnswer},
    },
};

impl Client {
    /// All aliases. One that cannot be read is left out, with a word in the log.
    ///
    /// # Errors
    /// When StackStorm does not give them.
    pub async fn aliases(&self, access: &Access) -> Result<Vec<Alias>, ApiError> {
        let mut aliases = Vec::new();
        let mut seen = HashSet::new();
        for raw in self.read_pages::<Value>(access, "/actionalias", &[]).await? {
            let reference = raw.get("ref").cloned();
            match serde_json::from_value::<Alias>(raw) {
                // A page can repeat what an alias made meanwhile has pushed on.
                Ok(alias) if alias.id.is_empty() || seen.insert(alias.id.clone()) => aliases.push(alias),
                Ok(_) => {}
                Err(error) => warn!(?reference, %error, "an alias cannot be read"),
            }
        }
        Ok(aliases)
    }

    /// Asks StackStorm which alias matches.
    ///
    /// # Errors
    /// When StackStorm does not say. One alias with a broken format makes it fail for every command.
    pub async fn match_alias(&self, access: &Access, command: &str) -> Result<MatchAnswer, ApiError> {
        match self.write(access, "/actionalias/match", &json!({ "command": command })).await {
            Ok(matched) => Ok(MatchAnswer::One(Box::new(matched))),
            Err(ApiError::Refused { status: 400, fault }) if fault.is_no_match() => Ok(MatchAnswer::None),
            Err(ApiError::Refused { status: 400, fault }) if fault.is_ambiguous() => Ok(MatchAnswer::Ambiguous),
            Err(error) => Err(error),
        }
    }

    /// Runs an alias. Never sent twice: after an error, see [`ApiError::fate`].
    ///
    /// # Errors
    /// When StackStorm does not say that it has scheduled the command; it may have, all the same.
    pub async fn execute(&self, access: &Access, body: &AliasExecution) -> Result<AliasAnswer, ApiError> {
        self.write(access, "/aliasexecution", body).await
    }

    /// Matches a command and runs it, several times if the alias says so. For `match_multiple` only: the context is
    /// lost. Never sent twice: after an error, see [`ApiError::fate`].
    ///
    /// # Errors
    /// As [`Client::execute`].
    pub async fn match_and_execute(
        &self,
        access: &Access,
        body: &MatchAndExecute,
    ) -> Result<Vec<AliasAnswer>, ApiError> {
        let Answers { results } = self.write(access, "/aliasexecution/match_and_execute", body).await?;
        Ok(results)
    }
}

/// What `match_and_execute` answers.
#[derive(Deserialize)]
struct Answers {
    results: Vec<AliasAnswer>,
}
