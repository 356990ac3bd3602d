//! The conversation in a terminal: what is needed, and what the brief leaves open.

use crate::input::print;
use anyhow::Result;
use archwright_brief::{Choices, Question, Written};
use std::fmt::Write as _;
use std::io::BufRead;

/// Asks for a brief, for the first time or again.
pub fn ask_for_brief(again: bool) -> Result<String> {
    print(match again {
        false => {
            "What do you need? Say what there is, and who does what with it. An empty line ends it.\n\n"
        }
        true => "\nOnce more, please; Ctrl+C leaves.\n\n",
    })?;
    let mut text = String::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() && !text.trim().is_empty() {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// Asks what the brief leaves open.
pub fn interview(written: &Written, choices: &mut Choices) -> Result<()> {
    let open: Vec<&Question> = written
        .questions
        .iter()
        .filter(|question| question.settled.is_none() && !choices.contains_key(&question.id))
        .collect();
    print(&format!(
        "\nThere will be {}, and the roles {}.\n",
        listed(&written.entities),
        listed(&written.roles)
    ))?;
    if !open.is_empty() {
        print("A few things are open. Enter takes what is recommended.\n")?;
    }
    let count = open.len();
    for (at, question) in open.into_iter().enumerate() {
        let number = at + 1;
        let mut text = format!(
            "\n({number} of {count}) {} {}\n",
            question.ask, question.why
        );
        for (at, option) in question.options.iter().enumerate() {
            let recommended = if at == 0 { " (recommended)" } else { "" };
            let _ = writeln!(
                text,
                "  {}. {}{recommended}\n     {}",
                at + 1,
                option.gives,
                option.changes
            );
        }
        loop {
            print(&format!("{text}> "))?;
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim();
            let chosen = if line.is_empty() {
                question.options.first()
            } else {
                let number = line
                    .parse::<usize>()
                    .ok()
                    .and_then(|number| question.options.get(number.checked_sub(1)?));
                number.or_else(|| question.options.iter().find(|option| option.id == line))
            };
            if let Some(option) = chosen {
                choices.insert(question.id.clone(), option.id.clone());
                break;
            }
            text = format!(
                "Please answer with a number from 1 to {}.\n",
                question.options.len()
            );
        }
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}
