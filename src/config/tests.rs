use std::{fs, sync::Arc, time::Duration};

use fulmar_contract::{Backend, BoxFuture, Capabilities, Failure, Kind, Limit, Link, Options, RoomId, Unit};

use super::*;
use crate::journal::Results;

struct Deaf {
    is_called: bool,
}

impl Backend for Deaf {
    fn is_called(&self) -> bool {
        self.is_called
    }

    fn capabilities(&self) -> Capabilities {
        let limit = Limit { max: 400, unit: Unit::Bytes };
        Capabilities::plain(limit)
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        (!name.contains(' ')).then(|| RoomId::new(name.to_lowercase()))
    }

    fn direct(&self, _name: &str) -> Option<RoomId> {
        None
    }

    fn run(&self, _link: Link) -> BoxFuture<Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

/// Takes the keys that the samples have for this network.
fn irc(options: &mut Options) -> Option<Arc<dyn Backend>> {
    options.required("server", "a host name");
    options.port("port", 6697);
    options.flag("tls", true);
    options.flag("colors", false);
    options.flag("marks", true);
    for key in ["ca_cert", "client_cert", "client_key", "nick", "username", "realname", "account", "sasl"] {
        options.text(key);
    }
    for key in ["password", "sasl_password"] {
        options.secret(key);
    }
    for key in ["rate", "burst"] {
        options.number(key, 0, 1000);
    }
    options.texts("rooms");
    options.is_good().then(|| Arc::new(Deaf { is_called: false }) as Arc<dyn Backend>)
}

/// Is called if it is told so.
fn quiet(options: &mut Options) -> Option<Arc<dyn Backend>> {
    Some(Arc::new(Deaf { is_called: options.flag("is_called", false) }))
}

const TEST_KINDS: &[Kind] = &[Kind { name: "irc", build: irc }, Kind { name: "quiet", build: quiet }];

/// The samples, and who reads their networks' own keys.
const SAMPLES: &[(&str, &[Kind])] = &[
    (include_str!("../../config/fulmar.toml"), TEST_KINDS),
    (include_str!("../../config/irc.toml"), TEST_KINDS),
    #[cfg(feature = "matrix")]
    (include_str!("../../config/matrix.toml"), KINDS),
    #[cfg(feature = "xmpp")]
    (include_str!("../../config/xmpp.toml"), KINDS),
];

fn env(name: &str) -> Option<String> {
    (!name.eq_ignore_ascii_case("UNSET")).then(|| format!("<{name}>"))
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse_with(text, "fulmar.toml", &env, TEST_KINDS)
}

fn good(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn complaint(text: &str) -> String {
    parse(text).map_or_else(|error| error.to_string(), |_| "nothing wrong".into())
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().map(Note::to_string).collect()
}

const SMALL: &str = r#"
[gateway]
state = "memory"
[stackstorm.default]
auth_url = "http://st2/auth"
api_url = "http://st2/api"
stream_url = "http://st2/stream"
api_auth = { key = "k" }
[chats.ops]
kind = "quiet"
"#;

fn small_with(after: &str, line: &str) -> String {
    SMALL.replace(after, &format!("{after}\n{line}"))
}

#[test]
fn the_samples_are_good_and_give_no_warning() {
    for (sample, kinds) in SAMPLES {
        let config = Config::parse_with(sample, "sample.toml", &env, kinds);

        assert_eq!(config.map(|config| warnings(&config)).map_err(|error| error.to_string()), Ok(Vec::new()));
    }
}

#[cfg(feature = "telegram")]
#[test]
fn telegrams_sample_is_good_with_every_key_in_it() {
    let sample = include_str!("../../config/telegram.toml");
    let secrets = |_: &str| Some("1:secret".to_owned());
    let read = |text: &str| Config::parse_with(text, "telegram.toml", &secrets, KINDS);
    let whole = sample
        .replace("\n#[web]", "\n[web]")
        .replace("\"polling\"", "\"webhook\"")
        .replace("\"${TELEGRAM_SECRET}\"", "\"s\"");
    let key = |line: &str| {
        line.strip_prefix('#').filter(|rest| rest.contains(" = ") && !rest.starts_with(' ')).map(str::to_owned)
    };
    let whole: Vec<String> = whole.lines().map(|line| key(line).unwrap_or_else(|| line.to_owned())).collect();

    let (given, whole) = (read(sample), read(&whole.join("\n")));

    assert_eq!(given.map(|config| warnings(&config)).map_err(|error| error.to_string()), Ok(Vec::new()));
    assert_eq!(whole.err().map(|error| error.to_string()), None);
}

#[test]
fn every_key_that_the_sample_leaves_out_is_known() {
    let left_out = |line: &'static str| line.strip_prefix('#').filter(|line| line.contains(" = "));
    let lines = |(sample, kinds): &(&'static str, &'static [Kind])| {
        let (sample, kinds) = (*sample, *kinds);
        sample.lines().filter_map(left_out).map(move |line| (sample, kinds, line))
    };
    for (sample, kinds, line) in SAMPLES.iter().flat_map(lines) {
        let Some((key, _)) =
            line.split_once(" = ").filter(|(key, _)| key.chars().all(|c| c == '_' || c.is_alphanumeric()))
        else {
            continue;
        };
        let active = format!("\n{key} = ");
        let text =
            sample.replace(&active, &format!("\n#{key} = ")).replace(&format!("\n#{line}"), &format!("\n{line}"));

        let complaint = Config::parse_with(&text, "sample.toml", &env, kinds);
        let complaint = complaint.map_or_else(|error| error.to_string(), |_| "nothing wrong".into());

        assert!(!complaint.contains("unknown key") && !complaint.contains("TOML"), "{line}: {complaint}");
    }
}

#[test]
fn a_small_configuration_takes_the_defaults() {
    let config = good(SMALL);

    assert_eq!(config.gateway.name, "fulmar");
    assert_eq!(config.gateway.bot_prefix, ["!"]);
    assert_eq!(config.gateway.plugin_prefix, "st2");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:8080");
    assert!(config.web.listen.is_none() && config.web.token.is_none() && config.web.identity.is_none());
    let st2 = &config.stackstorms["default"];
    assert_eq!(st2.api_url.to_string(), "http://st2/api/v1");
    assert_eq!((st2.timer_update.as_secs(), st2.user_token_ttl.as_secs()), (60, 86_400));
    assert_eq!(st2.announcement_routes, ["errbot"]);
    assert_eq!((st2.results, st2.catch_up.as_secs()), (Results::Direct, 3_600));
    assert_eq!(st2.packs, ["*"]);
    assert_eq!((config.chats[0].kind, config.chats[0].home.stackstorm.as_str()), ("quiet", "default"));
}

#[test]
fn every_invalid_sample_has_the_message_that_stands_beside_it() {
    let mut samples = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/invalid")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();

        let error = Config::parse_with(&fs::read_to_string(&path).unwrap(), name, &env, TEST_KINDS).unwrap_err();

        let expected = fs::read_to_string(path.with_extension("expected")).unwrap_or_default();
        assert_eq!(error.to_string(), expected.trim_end(), "{name}");
        samples += 1;
    }
    assert!(samples >= 10, "{samples}");
}

#[test]
fn variables_are_replaced_in_texts_and_an_escaped_one_is_not() {
    let config = good(&small_with("[gateway]", "name = \"a${B}c$${D}\""));

    assert_eq!(config.gateway.name, "a<B>c${D}");
}

#[test]
fn a_key_wins_over_a_token_over_a_user_and_a_warning_says_so() {
    let user = r#"user = { name = "u", password = "p" }"#;
    for (auth, expected) in [
        (format!("apikey = \"k\", token = \"t\", {user}"), "Key(***)"),
        (format!("token = \"t\", {user}"), "Token(***)"),
        (user.to_owned(), "User { name: \"u\", password: *** }"),
    ] {
        let config = good(&SMALL.replace("key = \"k\"", &auth));

        assert_eq!(format!("{:?}", config.stackstorms["default"].credential), expected);
        assert_eq!(config.warnings.len(), usize::from(auth != user), "{auth}");
    }
}

#[test]
fn announcements_of_the_hubot_route_are_heard_where_stackstorm_sends_them() {
    let config = good(&small_with("[stackstorm.default]", "route_key = \"hubot\""));

    assert_eq!(config.stackstorms["default"].announcement_routes, ["chatops"]);
}

#[test]
fn results_by_announcement_are_warned_of_where_they_are_not_heard() {
    let keys = |routes| format!("results = \"announcement\"\ncatch_up = 0\nannouncement_routes = [\"{routes}\"]");
    let heard = good(&small_with("[stackstorm.default]", &keys("errbot")));
    let unheard = good(&small_with("[stackstorm.default]", &keys("other")));

    assert_eq!(heard.stackstorms["default"].results, Results::Announcement);
    assert!(heard.stackstorms["default"].catch_up.is_zero());
    assert_eq!(warnings(&heard), [""; 0]);
    assert!(warnings(&unheard)[0].starts_with("fulmar.toml:5: stackstorm.default.results: "), "{unheard:?}");
}

#[test]
fn state_is_kept_in_a_file_for_thirty_days_unless_it_is_told_otherwise() {
    let usual = good(&SMALL.replace("state = \"memory\"", ""));
    let told = good(&SMALL.replace("\"memory\"", "\"sqlite:/var/lib/fulmar.db\"\nretention = \"2h\""));

    assert_eq!(usual.gateway.state, State::Sqlite("fulmar.db".into()));
    assert_eq!(usual.gateway.retention, Duration::from_secs(30 * 86_400));
    assert_eq!(told.gateway.state, State::Sqlite("/var/lib/fulmar.db".into()));
    assert_eq!(told.gateway.retention, Duration::from_secs(7_200));
    assert_eq!(warnings(&told), [""; 0]);
}

#[test]
fn a_chat_whose_network_calls_needs_an_address() {
    let called = format!("{SMALL}is_called = true\n");
    let with = |lines: &str| format!("{called}[web]\n{lines}");
    let (listen, url) = ("listen = \"127.0.0.1:0\"\n", "public_url = \"https://bot.example.org/fulmar\"\n");

    for text in [called.clone(), with(listen), with(url)] {
        let complaint = complaint(&text);
        assert!(
            complaint.contains(": chats.") && complaint.contains("web.listen and web.public_url"),
            "{complaint}"
        );
    }
    let web = good(&with(&format!("{listen}{url}"))).web;
    assert_eq!(web.address_of("ops").as_deref(), Some("https://bot.example.org/fulmar/chats/ops"));
}

#[test]
fn commands_find_their_stackstorm_by_chat_room_or_prefix() {
    let (before, _) = SMALL.split_once("[chats.ops]").unwrap();
    let (_, storm) = before.split_once("[stackstorm.default]").unwrap();
    let chat = "[chats.ops]\nkind = \"quiet\"\nstackstorms = { \"#Dev\" = \"staging\" }";
    let text = |lines: &str| format!("{before}[stackstorm.staging]{storm}{lines}\n{chat}");

    let config = good(&text("bot_prefix = [\"staging!\", \"%\", \"/stg \"]\ndefault_chat = \"ops\""));
    let home = &config.chats[0].home;
    let unreached = good(&text("").replace("\"staging\" }", "\"default\" }"));

    assert_eq!(config.stackstorms["staging"].bot_prefix, ["staging!", "%", "/stg "]);
    assert_eq!(["#dev", "#ops"].map(|room| home.of(&RoomId::new(room))), ["staging", "default"]);
    assert_eq!(warnings(&config), [""; 0]);
    assert!(warnings(&unreached)[0].contains("stackstorm.staging: no chat, no room"), "{unreached:?}");
}

#[test]
fn packs_are_chosen_by_patterns() {
    let packs =
        good(&small_with("[stackstorm.default]", "packs = [\"core\", \"net*_v*\"]")).stackstorms["default"]
            .packs
            .clone();

    assert_eq!(packs, ["core", "net*_v*"]);
}

#[test]
fn no_secret_shows_in_the_debug_text() {
    let config = good(&small_with("[gateway]", "").replace("\"k\"", "\"hunter2\""));

    assert!(!format!("{config:?}").contains("hunter2"));
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fulmar.toml");
    fs::write(&path, SMALL).unwrap();
    let warnings = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let config = Config::load_with(&path, &env, TEST_KINDS).unwrap();
        config.warnings.into_iter().map(|note| (note.line, note.key)).collect::<Vec<_>>()
    };

    assert_eq!(warnings(0o644), [(8, "stackstorm.default.api_auth.key".to_owned())]);
    assert_eq!(warnings(0o600), []);
    assert_eq!(document::plain_secrets(include_str!("../../config/fulmar.toml")).count(), 0);
}

#[test]
fn an_absent_file_is_reported_with_the_places() {
    let error = find_in(None, &["./nowhere.toml", "/nowhere/fulmar.toml"]).unwrap_err().to_string();

    assert!(error.contains("./nowhere.toml, /nowhere/fulmar.toml"), "{error}");
    assert_eq!(find_in(Some("x.toml".into()), &[]).unwrap(), PathBuf::from("x.toml"));
}
