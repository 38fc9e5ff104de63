//! From what a person types on a real server to what the room reads: TLS, SASL, a thousand aliases.

use crate::{patience::story, stage::Fleet, storm};

#[test]
fn the_status_names_the_rooms_and_counts_the_aliases() {
    story(async || {
        let Some(stage) = Fleet::ready().await else { return };

        let status = stage.gateway.status().await;

        let chat = &status["chats"]["irc"];
        assert_eq!(chat["phase"], "up");
        assert_eq!(chat["me"], stage.nick.as_str());
        assert_eq!(chat["rooms"].as_array().unwrap().len(), 2);
        assert!(status["stackstorm"]["default"]["aliases"].as_u64().unwrap() >= storm::FLEET as u64, "{status:#}");
    });
}

#[test]
fn help_comes_in_pages_and_never_as_a_thousand_lines() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        stage.peer.says(&stage.ops, "!help").await;
        let first = stage.peer.hears_of(&stage.ops, "commands; more: ").await;
        let lines = stage.peer.unread().await.iter().filter(|line| line.contains(" PRIVMSG ")).count();
        let more = first.split_once("more: ").unwrap().1.to_owned();
        stage.peer.says(&stage.ops, &more).await;
        let second = stage.peer.hears_of(&stage.ops, "commands; more: ").await;
        stage.peer.says(&stage.ops, "!help --pack fleet service-0999").await;

        assert!(first.starts_with("1 to 20 of 10"), "{first}");
        assert!(second.starts_with("21 to 40 of 10"), "{second}");
        assert!(lines < 25, "{lines} lines before the last");
        stage.peer.hears_of(&stage.ops, "restart service-0999 on {{ host }}").await;
        stage.peer.hears_of(&stage.ops, "1 command").await;
    });
}

#[test]
fn each_result_returns_to_where_its_command_was_given() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };
        let (ops, dev, nick) = (stage.ops.clone(), stage.dev.clone(), stage.nick.clone());

        stage.peer.says(&ops, "!restart service-0100 on web1").await;
        stage.peer.says(&dev, "!st2 restart service-0200 on web2").await;
        stage.peer.says(&nick, "restart service-0300 on web3").await;

        assert_eq!(stage.peer.hears(&ops).await, "Restarted service-0100 on web1.");
        assert_eq!(stage.peer.hears(&dev).await, "Restarted service-0200 on web2.");
        assert_eq!(stage.peer.hears_directly().await, "Restarted service-0300 on web3.");
        assert!(stage.peer.unread().await.iter().all(|line| !line.contains("Restarted")));
    });
}

#[test]
fn stackstorm_is_told_the_account_and_not_the_nick() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        stage.peer.says(&stage.ops, "!restart service-0100 on web1").await;
        stage.peer.hears_of(&stage.ops, "Restarted service-0100").await;

        let context = stage.sandbox.executions()[0]["context"].clone();
        assert_eq!(context["api_user"], stage.server.account.as_str());
        assert_eq!(context["source_channel"], format!("irc/{}", stage.ops));
    });
}

#[test]
fn a_slip_of_the_pen_is_answered_with_suggestions_and_nothing_runs() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        stage.peer.says(&stage.ops, "!restrat service-0100 on web1").await;
        let answer = stage.peer.hears(&stage.ops).await;
        let suggestion = stage.peer.hears(&stage.ops).await;

        assert!(answer.ends_with("Did you mean:"), "{answer}");
        assert!(suggestion.contains("!restart service-0"), "{suggestion}");
        assert_eq!(stage.sandbox.made(), 0);
    });
}

#[test]
fn an_ambiguous_command_runs_as_the_number_says_that_is_chosen() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        stage.peer.says(&stage.ops, "!status of web1").await;
        stage.peer.hears_of(&stage.ops, "Choose one with its number").await;
        let first = stage.peer.hears(&stage.ops).await;
        stage.peer.hears_of(&stage.ops, "!2").await;
        assert_eq!(stage.sandbox.made(), 0);
        stage.peer.says(&stage.ops, "!1").await;

        let chosen =
            if first.contains("status_of_host") { "demo.status_of_host" } else { "demo.status_of_service" };
        stage.peer.hears_of(&stage.ops, chosen).await;
        assert_eq!(stage.sandbox.made(), 1);
    });
}

#[test]
fn what_stackstorm_would_not_run_is_said_and_not_run() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        stage.peer.says(&stage.ops, "!retired x").await;
        let disabled = stage.peer.hears(&stage.ops).await;
        stage.peer.says(&stage.ops, "!deploy web mars").await;
        let wrong = stage.peer.hears(&stage.ops).await;

        assert_eq!(disabled, "demo.retired is disabled in StackStorm.");
        assert!(wrong.starts_with("Not run: ") && wrong.contains("mars"), "{wrong}");
        assert_eq!(stage.sandbox.made(), 0);
    });
}

#[test]
fn a_long_result_arrives_complete_and_in_order() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        for (command, text) in [("!read the log", storm::numbered_words()), ("!cheer", storm::turtles())] {
            stage.peer.says(&stage.ops, command).await;

            let (mut arrived, wanted) = (String::new(), text.replace(' ', ""));
            while arrived.len() < wanted.len() {
                let line = stage.peer.hears(&stage.ops).await;
                let (_, part) = line.split_once(") ").expect("the parts of one line have numbers");
                arrived.push_str(&part.replace(' ', ""));
            }
            assert_eq!(arrived, wanted);
        }
    });
}

#[test]
fn a_result_that_looks_like_protocol_is_only_text() {
    story(async || {
        let Some(mut stage) = Fleet::ready().await else { return };

        stage.peer.says(&stage.ops, "!hostile").await;

        stage.peer.hears_of(&stage.ops, "Running demo.hostile").await;
        assert_eq!(stage.peer.hears(&stage.ops).await, "first");
        assert_eq!(stage.peer.hears(&stage.ops).await, "QUIT :bye");
        let last = stage.peer.hears(&stage.ops).await;
        assert!(last.starts_with("ACTION waves") && !last.contains('\u{1}'), "{last:?}");
        stage.peer.says(&stage.ops, "!quietly still here").await;
        assert_eq!(stage.peer.hears(&stage.ops).await, "still here");
    });
}
