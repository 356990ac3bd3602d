//! A server that speaks the wire forms of language models, and says what it is told to say.

use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the stub does with a request.
#[derive(Clone)]
pub enum Reply {
    Json(u16, Json),
    Text(u16, &'static str),
    /// Closes the connection without a word.
    Close,
    /// Never answers.
    Silence,
}

/// A request as the stub got it; header names are in lower case.
#[derive(Clone)]
pub struct Asked {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Json,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Gives the replies one after the other, and the last one from then on.
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let known = asked.clone();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for (at, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                known.lock().unwrap().push(read(&stream));
                match &replies[at.min(replies.len() - 1)] {
                    Reply::Json(status, json) => say(&mut stream, *status, &json.to_string()),
                    Reply::Text(status, text) => say(&mut stream, *status, text),
                    Reply::Close => {}
                    Reply::Silence => held.push(stream),
                }
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Asked {
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    }
}

fn say(stream: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Word\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
}

/// What a model says in the form of OpenAI.
pub fn openai(text: &str) -> Reply {
    let message = json!({ "role": "assistant", "content": text });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    Reply::Json(
        200,
        json!({ "object": "chat.completion", "choices": [choice] }),
    )
}

/// What a model hands in in the form of Anthropic.
pub fn anthropic(design: &Json) -> Reply {
    let tool = json!({ "type": "tool_use", "id": "t1", "name": "design", "input": design });
    Reply::Json(
        200,
        json!({ "type": "message", "content": [tool], "stop_reason": "tool_use" }),
    )
}
