//! What the gateway adds on each network: a person has one command answered by the gateway, then one by a bare bot on the same
//! server, and so on by turns. One gateway is on all networks at once.

mod site;

use std::{fs, path::PathBuf, process::ExitCode};

use fulmar_load::{
    Outcome,
    samples::{Samples, Spread},
    words::{self, Kind, recognised},
};
use fulmar_networks::{Client, Inspircd, Prosody, Server, Synapse};
use serde_json::json;
use tokio::time::{Instant, sleep};

use self::site::{Botapi, Gateway, SETTLING};
use crate::{
    process::Memory,
    stackstorm::{Order, StackStorm},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The program `fulmar`.
    #[arg(long)]
    gateway: PathBuf,
    /// The program `botapi`; without it, Telegram is left out.
    #[arg(long)]
    botapi: Option<PathBuf>,
    /// For configurations and logs.
    #[arg(long)]
    folder: PathBuf,
    /// How many commands each of the two answers on each network.
    #[arg(long, default_value_t = 200)]
    commands: u64,
    /// Prints JSON at the end; the table goes to standard error.
    #[arg(long)]
    json: bool,
    /// Leaves Matrix out.
    #[arg(long)]
    without_matrix: bool,
}

/// A network with a room for the gateway and one for the bare bot, and somebody in both.
struct Stand {
    kind: &'static str,
    /// The gateway's chat.
    chat: String,
    /// The rooms: the gateway's and the bare bot's.
    rooms: [String; 2],
    /// Who is in them: on Telegram each bot has a server of its own.
    people: [Client; 2],
    bot: Option<Client>,
}

/// Milliseconds from a command to its result.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Figures {
    gateway: Spread,
    bare: Spread,
}

/// Measures all networks that there are.
pub(crate) async fn measure(arguments: Arguments) -> Outcome<ExitCode> {
    let storm = StackStorm::start()?;
    storm.order(Order::Aliases(10)).await?;
    let irc = Inspircd::start().await?;
    let xmpp = Prosody::start().await?;
    let matrix = if arguments.without_matrix { None } else { Some(Synapse::start().await?) };
    let mut telegram = Vec::new();
    for _ in 0..2 {
        telegram.extend(arguments.botapi.as_ref().map(|program| Botapi::start(program)).transpose()?);
    }
    let mut stands = Vec::new();
    if let Some(irc) = &irc {
        stands.push(Stand::on([irc, irc], ["#gateway", "#bare"], "joe").await?);
    }
    if let Some(xmpp) = &xmpp {
        let rooms = ["gateway", "bare"].map(Prosody::room);
        stands.push(Stand::on([xmpp, xmpp], [&rooms[0], &rooms[1]], "joe").await?);
    }
    if let Some(matrix) = &matrix {
        matrix.register("fulmar").await?;
        let rooms = [matrix.make_room("joe", "gateway").await?, matrix.make_room("joe", "bare").await?];
        stands.push(Stand::on([matrix, matrix], [&rooms[0], &rooms[1]], "joe").await?);
    }
    if let [ours, theirs] = telegram.as_slice() {
        stands.push(Stand::on([&ours.server, &theirs.server], [site::OPS; 2], site::ADA).await?);
    }
    let chats: String = stands.iter().map(|stand| stand.chat.as_str()).collect();
    let kinds: Vec<&str> = stands.iter().map(|stand| stand.kind).collect();
    fs::create_dir_all(&arguments.folder)?;
    let gateway =
        Gateway::start(&arguments.gateway, &arguments.folder, &storm.address.to_string(), &chats).await?;
    gateway.until_up(&kinds).await?;
    sleep(SETTLING).await;
    let idle = Memory::of(gateway.pid())?;

    let mut all = serde_json::Map::new();
    let mut table = format!(
        "  {:10}{:>24}{:>24}{:>12}{:>8}\n",
        "", "fulmar p50 p95 p99 ms", "bare p50 p95 p99 ms", "added p50", "times"
    );
    for stand in stands {
        let kind = stand.kind;
        let figures = stand.measure(arguments.commands).await?;
        table.push_str(&row(kind, figures));
        all.insert(kind.to_owned(), json!(figures));
    }
    let networks = kinds.len();
    table.push_str(&format!(
        "  megabytes idle with {networks} networks connected: {:.1}; after the commands: {:.1}\n",
        idle.now,
        Memory::of(gateway.pid())?.now
    ));
    if arguments.json {
        eprint!("{table}");
        println!("{:#}", json!({"networks": all, "idle_megabytes": idle.now}));
    } else {
        print!("{table}");
    }
    Ok(ExitCode::SUCCESS)
}

impl Stand {
    /// On the servers of the gateway and of the bare bot.
    async fn on<S: Server>([ours, theirs]: [&S; 2], rooms: [&str; 2], person: &str) -> Outcome<Self> {
        let [gateways, bares] = rooms;
        let kind = S::KIND;
        let chat = format!("\n[chats.{kind}]\nkind = \"{kind}\"\n{}", ours.keys("fulmar", &[gateways]));
        let bot = theirs.bot("reflector", &[bares]).await?;
        let people = if kind == "telegram" {
            [ours.person(person, &[gateways]).await?, theirs.person(person, &[bares]).await?]
        } else {
            [ours.person("joe", &[gateways]).await?, theirs.person("ann", &[bares]).await?]
        };
        Ok(Self { kind, chat, rooms: rooms.map(str::to_owned), people, bot: Some(bot) })
    }

    /// So many commands for each of the two, by turns, after some to warm up.
    async fn measure(mut self, commands: u64) -> Outcome<Figures> {
        let bot = self.bot.take().ok_or("no bot")?;
        let reflecting = tokio::spawn(reflect(bot));
        let mut samples = [Samples::default(), Samples::default()];
        for number in 0..commands + WARM_UP {
            for (side, samples) in samples.iter_mut().enumerate() {
                let took = self.command(side, number * 2 + side as u64).await?;
                samples.extend((number >= WARM_UP).then_some(took));
            }
        }
        reflecting.abort();
        let [gateway, bare] = samples.map(|it| it.spread());
        let nothing = "nothing was measured";
        Ok(Figures { gateway: gateway.ok_or(nothing)?, bare: bare.ok_or(nothing)? })
    }

    /// Gives a command and awaits its result.
    async fn command(&mut self, side: usize, number: u64) -> Outcome<std::time::Duration> {
        let (person, room) =
            (self.people.get_mut(side).ok_or("no such side")?, self.rooms.get(side).ok_or("no such side")?);
        let began = Instant::now();
        person.say(room, None, &words::command(number, 10)).await.map_err(|error| error.to_string())?;
        loop {
            let said = person.hear().await.map_err(|error| format!("{}: {error}", self.kind))?;
            if recognised(&said.text) == Some((Kind::Result, number)) {
                return Ok(began.elapsed());
            }
        }
    }
}

/// Answers each command with an ack and a result at once.
async fn reflect(mut bot: Client) {
    // It ends with the session.
    while let Ok(said) = bot.hear().await {
        let Some((service, host)) = said.text.strip_prefix('!').and_then(words::asked) else { continue };
        for answer in words::answers(service, host) {
            drop(bot.say(&said.room, None, &answer).await);
        }
    }
}

fn row(kind: &str, Figures { gateway, bare }: Figures) -> String {
    let three = |it: Spread| format!("{:>8.2}{:>8.2}{:>8.2}", it.p50, it.p95, it.p99);
    let (added, times) = (gateway.p50 - bare.p50, gateway.p50 / bare.p50);
    format!("  {kind:10}{}{}{added:>12.2}{times:>8.2}\n", three(gateway), three(bare))
}

/// Commands that are not counted.
const WARM_UP: u64 = 10;
