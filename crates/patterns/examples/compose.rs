//! Prints the design of the patterns that are named: `compose comment review comment.threads=threaded`. With text that
//! names none, prints the patterns that the text speaks of.

use archwright_patterns::{Answers, compose, matching, pattern};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    let mut answers = Answers::default();
    let (mut chosen, mut text) = (Vec::new(), Vec::new());
    for word in words {
        match word.split_once('=') {
            Some((question, option)) => {
                answers
                    .options
                    .insert(question.to_owned(), option.to_owned());
            }
            None if pattern(word).is_some() => chosen.push(word),
            None => text.push(word),
        }
    }
    if !text.is_empty() {
        text.splice(0..0, chosen);
        println!("{:#?}", matching(&text));
        return Ok(());
    }
    let composition = compose(&chosen, &answers)?;
    println!("{}", composition.to_yaml("composed", "Made of patterns."));
    for question in &composition.questions {
        println!("# {} {} {:?}", question.id, question.ask, question.choices);
    }
    Ok(())
}
