//! An issuer that does to those who ask whatever a test wants it to do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::SigningKey;

/// Where a discovery document is, below the issuer.
pub(crate) const DOCUMENT: &str = "/.well-known/openid-configuration";
/// Where the key set is, below the issuer.
pub(crate) const KEYS: &str = "/keys";

/// What comes of a request.
pub(crate) enum Reply {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// Nothing, for as long as the other side waits.
    Silence,
    /// These bytes, then one after the other, without end.
    Drip(Vec<u8>),
    /// These bytes, then as many more as the other side takes.
    Flood(Vec<u8>),
}

/// An answer with this status, these lines of a header and this body.
pub(crate) fn answer(status: u16, header: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{header}\r\n");
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A good answer with this JSON.
pub(crate) fn json_answer(body: &Value) -> Reply {
    answer(200, "Content-Type: application/json\r\n", body.to_string().as_bytes())
}

/// A key set of these keys.
pub(crate) fn key_set(keys: &[Value]) -> Reply {
    json_answer(&json!({ "keys": keys }))
}

type Script = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// A server on loopback, the issuer of its own name and of each of its folders.
#[derive(Clone)]
pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    script: Mutex<Script>,
    heads: Mutex<Vec<String>>,
    knocks: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Issuer {
    /// One that has nothing to say yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let nothing: Script = Arc::new(|_| answer(404, "", b""));
        let state = Arc::new(State {
            script: Mutex::new(nothing),
            heads: Mutex::default(),
            knocks: AtomicUsize::default(),
            open: AtomicUsize::default(),
            most_open: AtomicUsize::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.knocks.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    /// Its address, which is also its name.
    pub(crate) fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on each path has such an answer.
    pub(crate) fn script(&self, script: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// From now on its key set, and that of each folder, has such an answer; discovery is as it
    /// should be.
    pub(crate) fn serve_keys(&self, keys: impl Fn() -> Reply + Send + Sync + 'static) {
        let name = self.name();
        self.script(move |path| {
            if path.ends_with(KEYS) {
                return keys();
            }
            match path.strip_suffix(DOCUMENT) {
                Some(folder) => document(&name, folder),
                None => answer(404, "", b""),
            }
        });
    }

    /// From now on it is as it should be, with these keys.
    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.serve_keys(move || key_set(&keys));
    }

    /// The paths that it was asked for, in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let path = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        self.state.heads.lock().unwrap().iter().map(path).collect()
    }

    /// How often it was asked for keys, by whichever path.
    pub(crate) fn fetches(&self) -> usize {
        self.asked().iter().filter(|path| path.ends_with(KEYS)).count()
    }

    /// The heads of the requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.state.heads.lock().unwrap().clone()
    }

    /// How many connections there were, asked over or not.
    pub(crate) fn knocks(&self) -> usize {
        self.state.knocks.load(Ordering::SeqCst)
    }

    /// The most connections that there were at once.
    pub(crate) fn most_open(&self) -> usize {
        self.state.most_open.load(Ordering::SeqCst)
    }
}

/// The discovery document of a folder.
pub(crate) fn document(name: &str, folder: &str) -> Reply {
    let issuer = format!("{name}{folder}");
    json_answer(&json!({"issuer": issuer, "jwks_uri": format!("{issuer}{KEYS}")}))
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_open.fetch_max(open, Ordering::SeqCst);
    // The other side may go away at any time.
    let _ = talk(&mut stream, &state).await;
    state.open.fetch_sub(1, Ordering::SeqCst);
}

async fn talk(stream: &mut TcpStream, state: &State) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    state.heads.lock().unwrap().push(head);
    let script = Arc::clone(&state.script.lock().unwrap());
    match script(&path) {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Silence => until_gone(stream).await,
        Reply::Drip(bytes) => {
            stream.write_all(&bytes).await?;
            while tokio::time::timeout(Duration::from_millis(5), until_gone(stream)).await.is_err()
            {
                stream.write_all(b" ").await?;
            }
            Ok(())
        }
        Reply::Flood(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(&[b' '; 16 * 1024]).await?;
            }
        }
    }
}

/// Waits until the other side has closed the connection.
async fn until_gone(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}
