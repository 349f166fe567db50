//! Prints its configuration by `wasi:config/store`, a draft of WASI 0.2, in a command of WASI 0.3.
//!
//! ```text
//! configured-p3 [WORD...]
//!   all         prints each key with its value, as get-all gives them
//!   get=KEY     prints the value of a key, or that it has none
//!   env=NAME    prints a variable, or that it is not set
//! ```

use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::sys::cli::environment::get_environment;

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/wasi-config@0.2.0-rc.1"],
        inline: "
            package wasitls:configured;
            world guest {
                import wasi:config/store@0.2.0-rc.1;
            }
        ",
        world: "wasitls:configured/guest",
        generate_all,
    });
}

use bindings::wasi::config::store::{Error, get, get_all};

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    let mut out = Output::stdout();
    for word in cli::arguments() {
        match lines(&word) {
            Ok(all) => {
                for line in all {
                    out.line(&line).await.map_err(|_| ())?;
                }
            }
            Err(e) => {
                cli::complain(&format!("configured-p3: {word}: {e:?}")).await;
                return Err(());
            }
        }
    }
    out.close().await.map_err(|_| ())
}

fn lines(word: &str) -> Result<Vec<String>, Error> {
    let (verb, name) = word.split_once('=').unwrap_or((word, ""));
    Ok(match verb {
        "all" => get_all()?.iter().map(|(k, v)| format!("config {k}={v}")).collect(),
        "get" => vec![match get(name)? {
            Some(value) => format!("config {name}={value}"),
            None => format!("config {name} has no value"),
        }],
        "env" => vec![match get_environment().iter().find(|(k, _)| k == name) {
            Some((_, value)) => format!("env {name}={value}"),
            None => format!("env {name} is not set"),
        }],
        _ => vec![format!("no such word: {word}")],
    })
}
