//! The way to each destination, up to and without publishing: many at a time, all within one time.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::{Instant, timeout_at};

use super::super::config::Config;
use super::super::engine;
use super::Check;
use super::database::Reached;
use crate::push::{self, Destination, DestinationId, Outcome, OwnLimits, Platform, Trial, TrialStep};

/// All of them together may take this long. An answer of the API takes twice that at most, and looks at more than them.
pub(super) const WITHIN: Duration = Duration::from_secs(15);
/// As many are tried at a time: enough for one that is silent not to keep the others waiting.
const AT_A_TIME: usize = 32;

const WHAT_TO_DO: &str = "see that the address is right and that this machine may reach it";

/// Whether each destination answers. One that was not tried within the time says so.
pub(super) async fn all(config: &Config, destinations: Vec<Reached>, within: Duration) -> Vec<Check> {
    let Ok(push) = engine::push_config(config) else { return Vec::new() };
    let deadline = Instant::now() + within;
    let looks = destinations.into_iter().map(|reached| one(config, &push, reached, deadline, within));
    // In their order, however long each takes.
    stream::iter(looks.collect::<Vec<_>>()).buffered(AT_A_TIME).collect().await
}

async fn one(
    config: &Config,
    push: &push::Config,
    Reached { name, url, insecure }: Reached,
    deadline: Instant,
    within: Duration,
) -> Check {
    const ID: &str = "destination";
    let (title, origin) = (format!("Destination {name}"), url.origin());
    let seconds = within.as_secs_f32();
    if Instant::now() >= deadline {
        let detail = format!("{origin} was not looked at: the {seconds:.0} s for all of them were over");
        return Check::warn((ID, title), detail, "look again, at one project by --project");
    }
    let destination = Destination {
        id: DestinationId::new("doctor"),
        tag: "".into(),
        name,
        platform: Platform::of_host(&url.host),
        url,
        enabled: true,
        insecure,
        chunk_size: config.rtmp.chunk_size,
        codecs: None,
        video_track: None,
        audio_track: None,
        limits: OwnLimits::default(),
    };
    let mut told = Told::default();
    let tried = timeout_at(deadline, push::try_out(push, &destination, false, &mut told)).await;
    match (tried, told) {
        (_, Told { failed: Some((step, detail)), .. }) => {
            Check::fail((ID, title), format!("{origin}, {}: {detail}", step.label()), WHAT_TO_DO)
        }
        (Err(_), Told { begun, .. }) => {
            let step = begun.unwrap_or(TrialStep::Dns).label();
            let detail = format!("{origin}, {step}: not finished in time, no answer within {seconds:.0} s");
            Check::fail((ID, title), detail, WHAT_TO_DO)
        }
        (Ok(_), _) => Check::ok(ID, title, format!("{origin} answers and takes the app")),
    }
}

/// How far it came.
#[derive(Default)]
struct Told {
    begun: Option<TrialStep>,
    failed: Option<(TrialStep, String)>,
}

impl Trial for Told {
    fn begins(&mut self, step: TrialStep) {
        self.begun = Some(step);
    }

    fn ended(&mut self, step: TrialStep, outcome: Outcome, _took: Duration) {
        if let Outcome::Failed { detail, .. } = outcome {
            self.failed = Some((step, detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::rtmp::RtmpUrl;

    #[tokio::test]
    async fn destinations_that_never_answer_do_not_keep_the_others_waiting_nor_whoever_asks() {
        // Its kernel takes connections, and nobody speaks.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let silent = (silent.local_addr().expect("bound").port(), silent);
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.local_addr().expect("bound").port()
        };
        let reached = |port: u16| Reached {
            name: format!("at {port}"),
            url: RtmpUrl::parse(&format!("rtmp://127.0.0.1:{port}/live"), "key").expect("an address"),
            insecure: false,
        };
        let mut all_of_them: Vec<_> = (0..AT_A_TIME - 1).map(|_| reached(silent.0)).collect();
        all_of_them.extend([reached(closed), reached(silent.0)]);
        let within = Duration::from_secs(1);
        let began = Instant::now();
        let checks = all(&Config::default(), all_of_them, within).await;
        assert!(began.elapsed() < within * 10, "one after the other would take {} s", AT_A_TIME);
        let (last, others) = checks.split_last().expect("some");
        let (closed, silent) = others.split_last().expect("some");
        for check in silent {
            assert_eq!(check.state, State::Fail);
            assert!(check.detail.contains("connect: not finished in time"), "{check:?}");
        }
        assert_eq!(closed.state, State::Fail, "it had its turn beside them");
        assert!(closed.detail.contains("tcp: "), "{closed:?}");
        assert!(last.state != State::Ok, "{last:?}");
        assert!(checks.iter().all(|check| check.what_to_do.is_some()), "{checks:#?}");
        let late = all(&Config::default(), vec![reached(1)], Duration::ZERO).await;
        assert_eq!(late[0].state, State::Warn, "nothing was found wrong with it");
        assert!(late[0].detail.contains("was not looked at"), "{late:?}");
    }
}
