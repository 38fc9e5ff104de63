//! What is asked for commands whose answers were lost.

use super::*;
use crate::st2::wire::Mark;

/// Command `command`, which ran `action` and was sent in this second.
fn sought(command: &str, action: &str, second: u32) -> Sought {
    Sought {
        action: action.into(),
        since: format!("2026-11-21T03:34:{second:02}.5Z").parse().unwrap(),
        mark: Mark { gateway: "g".into(), command: command.into() },
        asker: "joe".into(),
    }
}

/// An execution with the mark of `command`.
fn execution(id: &str, command: &str, parent: &Value) -> Value {
    let context = json!({"fulmar": {"gateway": "g", "command": command}});
    let notify = json!({"on-complete": {"data": {"source_context": context}}});
    json!({"id": id, "liveaction": {"notify": notify}, "context": {"parent": parent}})
}

fn ids(found: &[Trace]) -> Vec<Vec<&str>> {
    found.iter().map(|found| found.marked.iter().map(|it| it.id().as_str()).collect()).collect()
}

#[actix_web::test]
async fn a_lost_submission_is_found_by_its_mark_among_those_begun_since() {
    let (client, requests) = serve(|_| {
        HttpResponse::Ok().json([
            execution("1", "other", &Value::Null),
            execution("2", "c", &json!({"execution_id": "3"})),
            execution("3", "c", &Value::Null),
            json!({"id": "4", "liveaction": {"notify": null}}),
        ])
    });

    let found = client.find_submissions(&key(), &[sought("c", "core.local", 0)]).await.unwrap();

    assert_eq!(ids(&found), [["3"]]);
    let query = &requests.lock().unwrap()[0].query;
    let asked = ["action", "timestamp_gt", "timestamp_lt"].map(|name| query[name].as_str());
    assert_eq!(asked, ["core.local", "2026-11-21T03:34:00.500000Z", "2026-11-22T03:34:00.500000Z"]);
}

#[actix_web::test]
async fn what_its_author_ran_without_a_mark_may_be_it() {
    let (client, _) = serve(|seen| {
        let context = match seen.query["action"].as_str() {
            "own.notify" => json!({"api_user": "joe"}),
            "of.somebody_else" => json!({"api_user": "ann"}),
            _ => json!({"api_user": "joe", "parent": {"execution_id": "3"}}),
        };
        HttpResponse::Ok().json([json!({"id": "4", "liveaction": {"notify": {}}, "context": context})])
    });
    let all = ["own.notify", "of.somebody_else", "in.a_workflow"].map(|action| sought(action, action, 0));

    let found = client.find_submissions(&key(), &all).await.unwrap();

    assert_eq!(found.iter().map(|trace| trace.has_alike).collect::<Vec<_>>(), [true, false, false]);
    assert!(found.iter().all(|trace| trace.marked.is_empty()));
}

#[actix_web::test]
async fn one_list_is_for_all_that_ran_the_same_action() {
    let (client, requests) = serve(|seen| match seen.query["action"].as_str() {
        "core.local" => {
            HttpResponse::Ok().json([execution("1", "a", &Value::Null), execution("2", "b", &Value::Null)])
        }
        _ => HttpResponse::Ok().json([execution("3", "d", &Value::Null)]),
    });
    let all = [
        sought("b", "core.local", 2),
        sought("d", "core.echo", 0),
        sought("c", "core.local", 1),
        sought("a", "core.local", 3),
    ];

    let found = client.find_submissions(&key(), &all).await.unwrap();

    assert_eq!(ids(&found), [vec!["2"], vec!["3"], vec![], vec!["1"]]);
    let requests = requests.lock().unwrap();
    let asked = requests.iter().map(|it| ["timestamp_gt", "timestamp_lt"].map(|name| it.query[name].as_str()));
    let (echo, local) = ("00.500000Z", ["01.500000Z", "03.500000Z"]);
    let at = |day: u8, second: &str| format!("2026-11-{day}T03:34:{second}");
    assert_eq!(asked.collect::<Vec<_>>(), [[at(21, echo), at(22, echo)], [at(21, local[0]), at(22, local[1])]]);
}

#[actix_web::test]
async fn what_was_found_is_not_looked_for_among_older_ones() {
    let (client, requests) = serve(|seen| {
        let offset: usize = seen.query["offset"].parse().unwrap();
        let page = (offset..offset + 100).map(|id| execution(&id.to_string(), &id.to_string(), &Value::Null));
        HttpResponse::Ok().json(page.collect::<Vec<_>>())
    });
    let both = ["20", "120"].map(|command| sought(command, "core.local", 0));

    let found = client.find_submissions(&key(), &both).await.unwrap();

    assert_eq!(ids(&found), [["20"], ["120"]]);
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[actix_web::test]
async fn what_moved_to_the_next_page_meanwhile_is_found_once() {
    let (client, _) = serve(|seen| {
        let offset: usize = seen.query["offset"].parse().unwrap();
        let first = offset.saturating_sub(90);
        let page = (first..first + 100).map(|id| execution(&id.to_string(), &id.to_string(), &Value::Null));
        HttpResponse::Ok().json(page.collect::<Vec<_>>())
    });
    let both = ["20", "105"].map(|command| sought(command, "core.local", 0));

    let found = client.find_submissions(&key(), &both).await.unwrap();

    assert_eq!(ids(&found), [["20"], ["105"]]);
}
