//! A web server that is told of events, and answers as a test wants it to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// 200, so much later.
    #[allow(dead_code, reason = "the tests of an outage alone ask for it")]
    Late(Duration),
    /// Its own words, headers and all.
    Raw(String),
    /// Nothing, while the connection stays open.
    Silence,
    /// A refusal with a body that never ends.
    Endless,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Whether it is signed with this secret, as Standard Webhooks has it.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [format!("{id}.{at}.").as_bytes(), &self.body].concat();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed);
        self.header("webhook-signature") == format!("v1,{}", STANDARD.encode(tag))
    }
}

/// A running receiver. It ends with the runtime.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    /// The answers to come; the last one stays.
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Receiver {
    pub(crate) async fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let receiver = Self { address, got: Arc::default(), answers: Arc::new(Mutex::new(answers.to_vec())) };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(socket));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().expect("nobody panicked").clone()
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.answers.lock().expect("nobody panicked") = vec![answer];
    }

    async fn serve(self, mut socket: TcpStream) {
        while let Some(got) = request(&mut socket).await {
            self.got.lock().expect("nobody panicked").push(got);
            let answer = {
                let mut answers = self.answers.lock().expect("nobody panicked");
                if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
            };
            let said = match answer {
                Answer::Status(status) => format!("HTTP/1.1 {status} So\r\ncontent-length: 2\r\n\r\nso"),
                Answer::Late(wait) => {
                    tokio::time::sleep(wait).await;
                    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned()
                }
                Answer::Raw(text) => text,
                Answer::Silence => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    return;
                }
                Answer::Endless => {
                    let head = "HTTP/1.1 500 So\r\ntransfer-encoding: chunked\r\n\r\n";
                    let chunk = format!("{:x}\r\n{}\r\n", 8_000, "long ".repeat(1_600));
                    socket.write_all(head.as_bytes()).await.ok();
                    while socket.write_all(chunk.as_bytes()).await.is_ok() {}
                    return;
                }
            };
            if socket.write_all(said.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

async fn request(socket: &mut TcpStream) -> Option<Got> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = text.lines();
    let head = lines.next()?.to_owned();
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: HashMap<_, _> = lines.filter_map(header).collect();
    let len: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < len {
        if socket.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Got { head, headers, body })
}
