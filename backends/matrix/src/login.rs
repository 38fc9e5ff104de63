//! From the configuration to a client that is logged in, as the same device each time.

use std::time::Duration;

use fulmar_contract::{Failure, Login, Secret};
use matrix_sdk::{
    Client, SessionMeta, SessionTokens,
    authentication::matrix::MatrixSession,
    config::RequestConfig,
    cross_process_lock::CrossProcessLockConfig,
    ruma::{
        api::{
            client::{
                session::login::v3 as login,
                uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier},
            },
            error::ErrorKind,
        },
        assign,
    },
    store::StateStoreDataKey,
};
use tracing::{info, warn};

use crate::{
    config::{Config, Way},
    failure,
    store::Store,
};

/// Logs in: with what was kept of an earlier login if that is good, and as the same device in any case, if there still
/// is that device.
pub(crate) async fn enter(config: &Config, store: &Store, login: Login) -> Result<Client, Failure> {
    let saved = store.session()?;
    match &config.way {
        Way::Token(token) => with_token(config, store, saved, token).await,
        Way::Password { user, password } => {
            let device = match saved {
                Some(saved) => {
                    check_owner(config, &saved, user)?;
                    match (login, restore(config, store, &saved).await?) {
                        (Login::Usual, Entry::In(client)) => return Ok(client),
                        (Login::Fresh, Entry::In(_)) | (_, Entry::Again) => Some(saved.meta.device_id.to_string()),
                        (_, Entry::Gone) => {
                            warn!("the device was logged out: another one takes its place");
                            store.forget()?;
                            None
                        }
                    }
                }
                None => None,
            };
            with_password(config, store, (user, password), device).await
        }
    }
}

/// How a try with an earlier login ends.
enum Entry {
    /// The login is good.
    In(Client),
    /// We have to log in again, as the same device.
    Again,
    /// There is no such device any more.
    Gone,
}

async fn restore(config: &Config, store: &Store, saved: &MatrixSession) -> Result<Entry, Failure> {
    let client = build(config, store).await?;
    take_up(&client, saved.clone()).await?;
    match client.whoami().await {
        Ok(_) => Ok(Entry::In(client)),
        Err(error) => match error.client_api_error_kind() {
            Some(ErrorKind::UnknownToken(token)) if token.soft_logout => Ok(Entry::Again),
            Some(ErrorKind::UnknownToken(_)) => Ok(Entry::Gone),
            _ => Err(failure::ending(&error)),
        },
    }
}

async fn with_password(
    config: &Config,
    store: &Store,
    (user, password): (&str, &Secret),
    device: Option<String>,
) -> Result<Client, Failure> {
    let client = build(config, store).await?;
    let identifier = UserIdentifier::Matrix(MatrixUserIdentifier::new(user.to_owned()));
    let by = login::LoginInfo::Password(login::Password::new(identifier, password.reveal().to_owned()));
    let request = assign!(login::Request::new(by), {
        device_id: device.clone().map(Into::into),
        initial_device_display_name: Some(config.device_name.clone()),
    });
    let response = client.send(request).await.map_err(|error| failure::refused_login(&error))?;
    let session = MatrixSession::from(&response);
    if device.is_some_and(|device| device != session.meta.device_id.as_str()) {
        store.forget()?;
        return Err(Failure::lost("the server made another device of ours: its keys are not here"));
    }
    take_up(&client, session.clone()).await?;
    store.keep_session(&session)?;
    if config.encryption {
        sign(&client, user, password).await;
    }
    info!(user = %session.meta.user_id, device = %session.meta.device_id, "logged in");
    Ok(client)
}

async fn with_token(
    config: &Config,
    store: &Store,
    saved: Option<MatrixSession>,
    token: &Secret,
) -> Result<Client, Failure> {
    let tokens = SessionTokens { access_token: token.reveal().to_owned(), refresh_token: None };
    let meta = owner(config, &tokens.access_token).await?;
    if saved.is_some_and(|saved| saved.meta != meta) {
        warn!("the token is one of another device: what is known of the earlier one is forgotten");
        store.forget()?;
    }
    let session = MatrixSession { meta, tokens };
    let client = build(config, store).await?;
    take_up(&client, session.clone()).await?;
    store.keep_session(&session)?;
    Ok(client)
}

/// Whose token it is, and of which device.
async fn owner(config: &Config, token: &str) -> Result<SessionMeta, Failure> {
    let client = dress(config).build().await.map_err(|error| failure::building(&error))?;
    let url = format!("{}_matrix/client/v3/account/whoami", client.homeserver());
    let lost = |error: matrix_sdk::reqwest::Error| Failure::lost(failure::told(&error));
    let request = client.http_client().get(url).bearer_auth(token).timeout(REQUEST);
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    let body = response.bytes().await.map_err(lost)?;
    let answer: serde_json::Value = serde_json::from_slice(&body).map_err(Failure::lost)?;
    let said = |key: &str| answer.get(key).and_then(serde_json::Value::as_str);
    match (said("user_id"), said("device_id")) {
        (Some(user), Some(device)) => {
            let user_id = user.try_into().map_err(Failure::lost)?;
            Ok(SessionMeta { user_id, device_id: device.into() })
        }
        (Some(_), None) => {
            let why = "the access_token belongs to no device: expected one that a login returned".into();
            Err(Failure::Misconfigured { why })
        }
        _ if matches!(status.as_u16(), 401 | 403) => {
            Err(Failure::Credentials { why: said("error").unwrap_or("the access_token is not known").to_owned() })
        }
        _ => Err(Failure::lost(format!("asked whose the access_token is, the server said {status}"))),
    }
}

/// Goes on with a login.
///
/// matrix-sdk remembers the place up to which it has heard, and passes over the answer that ends there. We may have to
/// hear that answer again, so it must not remember.
async fn take_up(client: &Client, session: MatrixSession) -> Result<(), Failure> {
    let store = client.state_store();
    store.remove_kv_data(StateStoreDataKey::SyncToken).await.map_err(Failure::lost)?;
    client.restore_session(session).await.map_err(|error| failure::ending_of(&error))?;
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    Ok(())
}

/// Signs our device with an identity of our own, which is made if we have none: then people can verify it once for all.
async fn sign(client: &Client, user: &str, password: &Secret) {
    let encryption = client.encryption();
    let Err(error) = encryption.bootstrap_cross_signing_if_needed(None).await else { return };
    let Some(asked) = error.as_uiaa_response() else {
        warn!(%error, "our device is not signed");
        return;
    };
    let identifier = UserIdentifier::Matrix(MatrixUserIdentifier::new(user.to_owned()));
    let mut proof = Password::new(identifier, password.reveal().to_owned());
    proof.session.clone_from(&asked.session);
    if let Err(error) = encryption.bootstrap_cross_signing_if_needed(Some(AuthData::Password(proof))).await {
        warn!(%error, "our device is not signed");
    }
}

async fn build(config: &Config, store: &Store) -> Result<Client, Failure> {
    let builder = dress(config).sqlite_store(store.database(), None);
    builder.build().await.map_err(|error| failure::building(&error))
}

/// A client in the making, as every request of ours needs it.
fn dress(config: &Config) -> matrix_sdk::ClientBuilder {
    let builder = Client::builder();
    // A URL is meant as it is written; only a name is asked where it wants to be found.
    let builder = if config.homeserver.contains("://") {
        builder.homeserver_url(&config.homeserver)
    } else {
        builder.server_name_or_homeserver_url(&config.homeserver)
    };
    let builder = builder
        .respect_login_well_known(false)
        .request_config(RequestConfig::new().timeout(REQUEST).disable_retry())
        .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
        .user_agent("Fulmar");
    match &config.authorities {
        Some(authorities) => {
            builder.add_root_certificates(authorities.clone()).disable_built_in_root_certificates()
        }
        None => builder,
    }
}

/// A store must not be given to somebody else by accident: its keys would be useless to them.
fn check_owner(config: &Config, saved: &MatrixSession, user: &str) -> Result<(), Failure> {
    let owner = &saved.meta.user_id;
    if owner.as_str() == user || owner.localpart() == user {
        return Ok(());
    }
    let why = format!("the store {} is that of {owner}, not of {user}", config.store.display());
    Err(Failure::Misconfigured { why })
}

/// How long an answer may take: together with the time for which a server holds a long poll, less than a minute.
const REQUEST: Duration = Duration::from_secs(25);
