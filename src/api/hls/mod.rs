//! HLS over HTTP: `/hls/{playback_id}/{file}`, for browsers of any origin, players and caches.
//!
//! Says what a file is, how long it may be kept, and which part of it was asked for; what the files are, and when
//! they appear, is the hls room's. A segment's body is a list of shared slices that the connection writes as they
//! lie. Media is never compressed, playlists are where the client takes gzip.
//!
//! Where viewers need a token it stands in the path, `/hls/{playback_id}/{token}/{file}`: addresses in playlists are
//! relative, so they carry it on, and a playlist is still rendered once for everybody.

mod answer;
mod body;
mod call;
mod query;
mod range;
mod reply;

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{Problem, catalogue};
use crate::auth::PlaybackTokens;
use crate::hls::{Came, Container, File, Kind, Library, Missing, Place, Rendered, Rendition};
use crate::stream::{PlaybackId, TokenFault};
use answer::{Caches, Kept};
use body::Media;
pub(super) use body::MediaBody;
pub(super) use call::{Call, Target};
use query::{BadDirective, Query};
use range::Range;
pub(super) use reply::{Content, Reply, Value};

/// The routes of HLS, for what a connection does not ask the hall itself.
pub fn router(hall: Arc<Hall>) -> Router {
    Router::new()
        .route("/hls/{playback_id}/{file}", get(open).options(preflight))
        .route("/hls/{playback_id}/{token}/{file}", get(with_token).options(preflight))
        .with_state(hall)
}

/// Where a stream is played, with a token or without.
#[must_use]
pub fn path(id: &PlaybackId, token: Option<&str>) -> String {
    match token {
        Some(token) => format!("/hls/{id}/{token}/index.m3u8"),
        None => format!("/hls/{id}/index.m3u8"),
    }
}

/// What there is to see, and who may.
pub struct Hall {
    library: Arc<Library>,
    tokens: Option<Arc<PlaybackTokens>>,
    /// The key of the hashes that viewers are counted by: another one in each process, so that they say nothing.
    marks: RandomState,
}

/// Answers what a browser asks before a request with headers of its own (Fetch §3.3).
async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Range, Authorization, If-None-Match"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    let mut response = (StatusCode::NO_CONTENT, headers).into_response();
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn open(
    State(hall): State<Arc<Hall>>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    hall.respond(Target { id: &id, token: None, name: &name }, &request.into_parts().0).await
}

async fn with_token(
    State(hall): State<Arc<Hall>>,
    Path((id, token, name)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    hall.respond(Target { id: &id, token: Some(&token), name: &name }, &request.into_parts().0).await
}

/// Sends a viewer whose token is in the query, and good, to where it is in the path.
fn to_path(token: &str, name: &str, query: &str) -> Response {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let name = if name.bytes().all(plain) { name } else { "index.m3u8" };
    let others: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
    let mark = if others.is_empty() { "" } else { "?" };
    // Relative to the stream, whatever stands before it behind a proxy.
    let location = format!("{token}/{name}{mark}{}", others.join("&"));
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, "private, no-store".to_owned())];
    (StatusCode::FOUND, headers).into_response()
}

fn refused(fault: TokenFault, call: &Call<'_>) -> Response {
    let code = match fault {
        TokenFault::Missing => &catalogue::TOKEN_MISSING,
        TokenFault::Expired => &catalogue::TOKEN_EXPIRED,
        TokenFault::Invalid => &catalogue::TOKEN_INVALID,
    };
    Problem::of(code).detail(fault.to_string()).instance(&call.uri()).into_response()
}

impl Hall {
    /// With `tokens`, viewers need one; without, one in the path is as good as none.
    #[must_use]
    pub fn new(library: Arc<Library>, tokens: Option<Arc<PlaybackTokens>>) -> Arc<Self> {
        Arc::new(Self { library, tokens, marks: RandomState::new() })
    }

    /// Answers a request that hyper read.
    pub(super) async fn respond(&self, target: Target<'_>, request: &Parts) -> Response {
        self.reply(target, &Call::of(request)).await.into_response(&request.method)
    }

    /// Answers a request. Waits for what is about to appear; dropping this ends the wait.
    pub(super) async fn reply(&self, target: Target<'_>, call: &Call<'_>) -> Reply {
        let (reply, tally) = self.answer(target, call, Places::Own).await;
        tally.count(1);
        reply
    }

    /// Answers many who ask the same and have a place each. Whoever gives it to them counts them.
    pub(super) async fn reply_to_all(&self, target: Target<'_>, call: &Call<'_>) -> (Reply, Tally) {
        self.answer(target, call, Places::Taken).await
    }

    /// A place for a viewer who has to wait for a playlist. `None` where there is an answer at once, whatever it is.
    pub(super) fn place(&self, target: Target<'_>, call: &Call<'_>) -> Option<Place> {
        let query = Query::parse(call.query);
        let wanted = query.ask.ok()?.wanted?;
        if let Some(tokens) = &self.tokens {
            tokens.admits(target.id, Some(target.token?), SystemTime::now()).then_some(())?;
        }
        let rendition = PlaybackId::parse(target.id).ok().and_then(|id| self.library.find(&id))?;
        let place = rendition.awaits(target.name, wanted).then(|| rendition.place())??;
        rendition.counters().viewers().saw(self.mark(call, target.token.or(query.token())));
        Some(place)
    }

    async fn answer(&self, target: Target<'_>, call: &Call<'_>, places: Places) -> (Reply, Tally) {
        let (mut reply, tally) = match (&self.tokens, target.token) {
            (Some(tokens), None) => {
                let token = call.query.split('&').find_map(|pair| pair.strip_prefix("token="));
                let response = match tokens.check(target.id, token, SystemTime::now()) {
                    Ok(()) => to_path(token.unwrap_or_default(), target.name, call.query),
                    Err(fault) => refused(fault, call),
                };
                (Reply::of(response).await, Tally::default())
            }
            (Some(tokens), Some(token)) => match tokens.check(target.id, Some(token), SystemTime::now()) {
                Ok(()) => self.file(target, call, places).await,
                Err(fault) => (Reply::of(refused(fault, call)).await, Tally::default()),
            },
            (None, _) => self.file(target, call, places).await,
        };
        open_to_all(&mut reply);
        (reply, tally)
    }

    /// A file of a stream, for somebody who may have it.
    async fn file(&self, target: Target<'_>, call: &Call<'_>, places: Places) -> (Reply, Tally) {
        let Target { id, token, name } = target;
        let rendition = PlaybackId::parse(id).ok().and_then(|id| self.library.find(&id));
        let Some(rendition) = rendition else {
            let problem = Problem::of(&catalogue::UNKNOWN_STREAM);
            let reply = Reply::of(problem.instance(&call.uri()).into_response()).await;
            return (reply, Tally::default());
        };
        let mut query = Query::parse(call.query);
        let who = self.mark(call, token.or(query.token()));
        let caches = if self.tokens.is_some() { Caches::Own } else { Caches::All };
        // A token in the path is carried on by the path.
        query.carried = query.carried.filter(|_| token.is_none());
        let ask = query.ask.unwrap_or_default();
        let found = match places {
            Places::Own => rendition.file(name, ask).await,
            Places::Taken => rendition.awaited(name, ask).await,
        };
        let (kind, reply) = match found {
            Ok((file, came)) => {
                let asked = Asked { rendition: &rendition, query, caches, call };
                match asked.answer(file, came) {
                    Ok(answer) => answer,
                    Err(bad) => (Kind::Missing, Reply::of(bad_directive(bad, call)).await),
                }
            }
            Err(why) => (Kind::Missing, Reply::of(missing(why, call)).await),
        };
        match kind {
            Kind::Playlist | Kind::Segment | Kind::Part => rendition.counters().viewers().saw(who),
            Kind::Index | Kind::Init | Kind::Missing => {}
        }
        // Media is counted as it goes.
        let bytes = match &reply.content {
            Content::Bytes(bytes) if !call.head_only => bytes.len() as u64,
            _ => 0,
        };
        (reply, Tally(Some((rendition, kind, bytes))))
    }

    /// What a viewer is told from others by: address, player, and token if there is one. Not the port: players open
    /// several connections.
    fn mark(&self, call: &Call<'_>, token: Option<&str>) -> u64 {
        let mut hasher = self.marks.build_hasher();
        call.peer.map(|peer| peer.ip().to_canonical()).hash(&mut hasher);
        call.player.hash(&mut hasher);
        token.hash(&mut hasher);
        hasher.finish()
    }
}

/// Whose places among those who wait are taken.
#[derive(Debug, Clone, Copy)]
enum Places {
    /// The request's own, when it has to wait.
    Own,
    /// Those of all for whom it is made, already.
    Taken,
}

/// What a stream counts of an answer: what was asked for, and the bytes of it that are not counted as they go.
#[derive(Debug, Default)]
pub(super) struct Tally(Option<(Arc<Rendition>, Kind, u64)>);

impl Tally {
    /// So many got it.
    pub(super) fn count(&self, times: u64) {
        let Some((rendition, kind, bytes)) = &self.0 else { return };
        rendition.counters().count_requests(*kind, times);
        rendition.counters().count_bytes(*kind, bytes.saturating_mul(times));
    }
}

/// A request for a file that is there.
struct Asked<'a, 'c> {
    rendition: &'a Arc<Rendition>,
    query: Query<'c>,
    caches: Caches,
    call: &'a Call<'c>,
}

impl Asked<'_, '_> {
    fn answer(self, file: File, came: Came) -> Result<(Kind, Reply), BadDirective> {
        Ok(match file {
            File::Index(rendered) => (Kind::Index, self.playlist(&rendered, Kept::AsPlaylist)),
            File::Playlist(rendered) => match self.query.ask {
                Err(bad) if rendered.takes_directives => return Err(bad),
                _ => {
                    let kept = match came {
                        Came::AtOnce => Kept::AsPlaylist,
                        Came::Awaited => Kept::Settled,
                        Came::InVain => Kept::Never,
                    };
                    (Kind::Playlist, self.playlist(&rendered, kept))
                }
            },
            File::Init(bytes) => {
                let whole = bytes.len() as u64;
                let content =
                    |range: Range| Content::Bytes(bytes.slice(range.start_index()..range.end_index()));
                (Kind::Init, answer::media(self.call, self.caches, Container::Fmp4, whole, content))
            }
            File::Segment(listed) => self.media(Media::Segment(listed)),
            File::Part(part) => self.media(Media::Part(part)),
        })
    }

    fn playlist(&self, rendered: &Rendered, kept: Kept) -> Reply {
        answer::playlist(rendered, kept, self.caches, self.query.carried, self.call)
    }

    fn media(&self, media: Media) -> (Kind, Reply) {
        let (kind, whole, form) = (media.kind(), media.len(), media.container());
        let content = |range| Content::Media(MediaBody::new(media, self.rendition.clone(), range));
        (kind, answer::media(self.call, self.caches, form, whole, content))
    }
}

/// Lets pages of every origin read the answer, and see what players look at in it.
fn open_to_all(reply: &mut Reply) {
    reply.set(header::ACCESS_CONTROL_ALLOW_ORIGIN, Value::Word("*"));
    reply.set(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        Value::Word("Content-Length, Content-Range, Date, Age, ETag, Retry-After"),
    );
}

fn missing(why: Missing, call: &Call<'_>) -> Response {
    let problem = match why {
        // To a player it is a file that is not there.
        Missing::NotLive => {
            Problem::new(StatusCode::NOT_FOUND, catalogue::NOT_LIVE.code, "The stream is not live")
        }
        Missing::NotYet => Problem::of(&catalogue::NOT_LIVE_YET),
        Missing::Gone => Problem::of(&catalogue::SEGMENT_GONE),
        Missing::Unknown => {
            Problem::new(StatusCode::NOT_FOUND, catalogue::NOT_FOUND.code, "There is no such file")
        }
        Missing::Crowded => Problem::of(&catalogue::TOO_MANY_WAITING),
        Missing::TooFar => Problem::of(&catalogue::BAD_DIRECTIVE),
    };
    let mut response = problem.detail(why.to_string()).instance(&call.uri()).into_response();
    if matches!(why, Missing::NotLive | Missing::NotYet | Missing::Crowded) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn bad_directive(bad: BadDirective, call: &Call<'_>) -> Response {
    Problem::of(&catalogue::BAD_DIRECTIVE).detail(bad.to_string()).instance(&call.uri()).into_response()
}

#[cfg(test)]
mod low_latency_tests;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod token_tests;
