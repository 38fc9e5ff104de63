use super::*;

fn options(entries: &[(&str, Value)]) -> Options {
    let entries = entries.iter().zip(2..).map(|((key, value), line)| {
        let item = Item { value: value.clone(), line };
        ((*key).to_owned(), item)
    });
    Options::new("chats.ops".into(), 1, entries.collect())
}

#[test]
fn every_problem_is_noted_with_line_and_key() {
    let mut options = options(&[("port", Value::Integer(0)), ("tls", Value::Text("yes".into()))]);

    options.required("server", "a host name");
    options.port("port", 6697);
    options.flag("tls", true);

    let problems: Vec<String> = options
        .finish()
        .iter()
        .map(|problem| format!("{} {} {}", problem.line, problem.key, problem.what))
        .collect();
    assert_eq!(
        problems,
        [
            "1 chats.ops.server missing: expected a host name",
            "2 chats.ops.port expected a whole number from 1 to 65535, got 0",
            "3 chats.ops.tls expected true or false, got a text",
        ]
    );
}

#[test]
fn a_time_is_a_number_of_seconds_or_a_text_with_a_unit() {
    let text = |text: &str| Value::Text(text.into());
    for (value, seconds) in [
        (Value::Integer(5), 5),
        (text("90"), 90),
        (text("90s"), 90),
        (text("2m"), 120),
        (text("1h"), 3600),
        (text("2d"), 172_800),
    ] {
        let mut options = options(&[("wait", value)]);

        assert_eq!(options.seconds("wait", 7), Duration::from_secs(seconds));
        assert!(options.finish().is_empty());
    }
    for value in [text("soon"), text("1w"), text(""), text("h"), text("-1s"), text("999999d"), Value::Integer(0)] {
        let mut options = options(&[("wait", value)]);

        assert_eq!(options.seconds("wait", 7), Duration::from_secs(7));
        assert_eq!(options.finish().len(), 1);
    }
    assert_eq!(options(&[("wait", text("0"))]).seconds_from("wait", 0, 7), Duration::ZERO);
}

#[test]
fn an_unknown_key_is_a_problem_and_the_nearest_known_one_is_named() {
    let mut options = options(&[("sevrer", Value::Text("x".into()))]);

    options.text("server");

    assert_eq!(options.finish()[0].what, "unknown key; did you mean \"server\"?");
}

#[test]
fn a_secret_can_stand_in_a_file_and_is_its_first_line() {
    let path = std::env::temp_dir().join("fulmar-options-secret");
    fs::write(&path, "hunter2\n").unwrap();
    let mut options = options(&[("password", Value::Text(format!("file:{}", path.display())))]);

    assert_eq!(options.secret("password").unwrap().reveal(), "hunter2");
    fs::remove_file(path).unwrap();
}
