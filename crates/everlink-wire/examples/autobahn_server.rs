//! An echo server for Autobahn's fuzzing client. Usage: `autobahn_server ADDRESS`.

mod autobahn;

use std::{env, io};

use autobahn::{Connection, deflate_config, header, read_head};
use everlink_wire::ws::{Decoder, Encoder, Limits, Role, accept_key};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9002".to_owned());
    let listener = TcpListener::bind(address).await?;
    eprintln!("echoing on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("connection: {error}");
            }
        });
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (head, more) = read_head(&mut stream).await?;
    let config = deflate_config().map_err(io::Error::other)?;
    let offers = header(&head, "Sec-WebSocket-Extensions");
    let params = config.answer(&offers).map_err(io::Error::other)?;
    let accept = accept_key(&header(&head, "Sec-WebSocket-Key"));
    let mut response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n"
    );
    let mut decoder = Decoder::new(Role::Server, Limits::default());
    let mut encoder = Encoder::server();
    if let Some(params) = params {
        response += &format!("Sec-WebSocket-Extensions: {params}\r\n");
        decoder = decoder.with_deflate(&params);
        encoder = encoder.with_deflate(&config, &params);
    }
    stream.write_all((response + "\r\n").as_bytes()).await?;
    decoder.read_buffer().extend_from_slice(&more);
    Connection { stream, decoder, encoder }.echo().await.map(drop)
}
