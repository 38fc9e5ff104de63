//! Into rooms and out of them.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_kick_is_told_and_the_room_is_joined_again() {
    let mut bench = Bench::start(0, 0).await;

    bench.says(":ada!a@h KICK #ops fulmar :enough").await;

    let left = Event::Left { room: RoomId::new("#ops"), why: "kicked by ada: enough".into() };
    assert_eq!(bench.events.recv().await, Some(left));
    let meanwhile = bench.order("#ops", "anybody?").await.await.unwrap();
    assert!(matches!(meanwhile, Err(Undelivered::Later { .. })), "{meanwhile:?}");
    bench.hears("JOIN #ops").await;
    bench.says(":s.x 474 fulmar #ops :Cannot join (+b)").await;
    let Some(Event::Left { why, .. }) = bench.events.recv().await else { panic!("the ban is not told") };
    assert_eq!(why, "we are banned from it: lift the ban (-b), or except us from it (+e) (Cannot join (+b))");
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_room_is_being_joined_is_said_in_its_order() {
    let mut bench = Bench::with(config(), "CHANTYPES=#").await;
    bench.hears("JOIN #ops").await;

    let _early = bench.order("#ops", "early").await;
    bench.says("PING :now").await;
    bench.hears("PONG :now").await;
    bench.says(":fulmar!f@h JOIN #ops").await;
    let _late = bench.order("#ops", "late").await;

    bench.hears("PRIVMSG #ops :late").await;
    assert!(bench.seen.contains(&"PRIVMSG #ops :early".to_owned()), "{:?}", bench.seen);
}

#[tokio::test(start_paused = true)]
async fn kicks_again_and_again_are_followed_ever_more_seldom() {
    let mut bench = Bench::start(0, 0).await;
    let start = Instant::now();

    for _ in 0..5 {
        bench.says(":ada!a@h KICK #ops fulmar :out").await;
        bench.enters("#ops").await;
    }

    assert!(start.elapsed() >= Duration::from_secs(2 + 4 + 8 + 16 + 32), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_invitation_opens_a_configured_room_at_once_and_no_other() {
    let mut bench = Bench::with(config(), "CHANTYPES=#").await;
    bench.hears("JOIN #ops").await;
    bench.says(":s.x 473 fulmar #ops :Cannot join (+i)").await;
    let start = Instant::now();

    bench.says(":ada!a@h INVITE fulmar #trap\r\n:ada!a@h INVITE fulmar #Ops").await;

    bench.enters("#ops").await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(!bench.seen.iter().any(|line| line.contains("#trap")));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_we_are_put_in_is_left() {
    let mut bench = Bench::start(0, 0).await;

    bench.says(":fulmar!f@h JOIN #trap").await;

    bench.hears("PART #trap :not one of our rooms").await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_does_not_let_us_in_is_not_ours_by_order() {
    let bench = &mut Bench::start(0, 0).await;
    let (done, refused) = oneshot::channel();

    bench
        .orders
        .send(Order::Join { room: RoomId::new("#shut"), key: Some(Secret::new("k")), done })
        .await
        .unwrap();
    bench.hears("JOIN #shut k").await;
    bench.says(":s.x 475 fulmar #shut :Cannot join (+k)").await;

    assert!(refused.await.unwrap().unwrap_err().contains("its key is missing or wrong"));
    bench.hears("PING :alive").await;
    assert_eq!(bench.seen.iter().filter(|line| line.contains("#shut")).count(), 1, "it is tried once");
}

#[tokio::test(start_paused = true)]
async fn orders_to_join_are_bounded() {
    let bench = Bench::start(0, 0).await;

    let mut told = Vec::new();
    for number in 0..200 {
        let (done, answer) = oneshot::channel();
        let room = RoomId::new(format!("#r{number}"));
        bench.orders.send(Order::Join { room, key: None, done }).await.unwrap();
        told.push(answer);
    }

    let last = told.pop().unwrap().await.unwrap();
    assert_eq!(last, Err("we are in as many rooms as we may be".into()));
}

#[tokio::test(start_paused = true)]
async fn an_order_for_what_cannot_be_a_room_is_refused_at_once() {
    let bench = Bench::start(0, 0).await;

    for (room, key) in [("ada", None), ("#a,#b", None), ("#a\r\nQUIT", None), ("#a", Some(Secret::new("a,b")))] {
        let (done, told) = oneshot::channel();
        bench.orders.send(Order::Join { room: RoomId::new(room), key, done }).await.unwrap();
        assert!(told.await.unwrap().is_err(), "{room}");
    }
}
