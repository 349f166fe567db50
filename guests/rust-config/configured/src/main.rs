//! Prints its configuration, by `wasi:config/store` and from its environment.
//!
//! ```text
//! configured [WORD...]
//!   all         prints each key with its value, as get-all gives them
//!   get=KEY     prints the value of a key, or that it has none
//!   env=NAME    prints a variable, or that it is not set
//!   panic       traps
//! ```

use std::env;
use std::process::ExitCode;

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

fn main() -> ExitCode {
    for word in env::args().skip(1) {
        if let Err(e) = run(&word) {
            eprintln!("configured: {word}: {e:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(word: &str) -> Result<(), Error> {
    let (verb, name) = word.split_once('=').unwrap_or((word, ""));
    match verb {
        "all" => get_all()?.iter().for_each(|(k, v)| println!("config {k}={v}")),
        "get" => match get(name)? {
            Some(value) => println!("config {name}={value}"),
            None => println!("config {name} has no value"),
        },
        "env" => match env::var(name) {
            Ok(value) => println!("env {name}={value}"),
            Err(_) => println!("env {name} is not set"),
        },
        "panic" => panic!("told to panic"),
        _ => eprintln!("configured: {word}: no such word"),
    }
    Ok(())
}
