//! `archwright appoint`: the first holder of a role.

use crate::input::{checked, print};
use crate::serve::{EnvironmentArgument, Place, report};
use anyhow::{Result, bail};
use archwright_plan::model::{Model, RoleId};
use archwright_server::{Appointed, Secrets, StartError, appoint as give};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

pub const HELP: &str = "Examples:
  archwright appoint shop.yaml admin marta@example.com
  archwright appoint . admin marta@example.com --env production \\
    --database postgres://app@db/shop

For roles that only their holders grant: somebody has to be the first.
The account has to be there: sign up with it before.
It works beside a running server, and counts from the next request on.";

#[derive(Args)]
pub struct AppointArguments {
    /// A design file, or a folder of them
    path: PathBuf,
    /// The role to give
    role: String,
    /// What the account signs in with, such as its e-mail address
    account: String,
    /// As for `archwright serve`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// As for `archwright serve`
    #[arg(long, value_enum, default_value_t = EnvironmentArgument::Development)]
    env: EnvironmentArgument,
    /// As for `archwright serve`
    #[arg(long, value_name = "DIR", default_value = ".archwright")]
    data_dir: PathBuf,
}

pub fn appoint(arguments: &AppointArguments) -> Result<ExitCode> {
    let mut checked = checked(&arguments.path)?;
    let Some(model) = checked.model.take() else {
        report(&checked, &checked.diagnostics);
        return Ok(ExitCode::FAILURE);
    };
    let role = role(&model, &arguments.role)?;
    let place = Place::of(
        &model.name,
        arguments.database.as_ref(),
        &arguments.data_dir,
    );
    if let Some(file) = place.file.as_ref().filter(|file| !file.exists()) {
        bail!(
            "there is no database {}: serve the design, and sign up with the account first",
            file.display()
        );
    }
    let secrets = Secrets::load(arguments.env.into(), &arguments.data_dir)?;
    let (name, account) = (&arguments.role, &arguments.account);
    let plan = archwright_plan::plan(model);
    let runtime = tokio::runtime::Runtime::new()?;
    let given = give(plan, &place.url, &secrets, account, role);
    match runtime.block_on(given).map_err(told(&place))? {
        Appointed::Given => print(&format!("{account} is {name} now.\n"))?,
        Appointed::Held => print(&format!("{account} is {name} already.\n"))?,
        Appointed::NobodyThere => bail!(
            "nobody signs in with {account} in {}: sign up with it first",
            place.shown
        ),
    }
    Ok(ExitCode::SUCCESS)
}

fn told(place: &Place) -> impl Fn(StartError) -> anyhow::Error + '_ {
    |error| anyhow::Error::from(error).context(place.shown.clone())
}

/// A role that is granted.
fn role(model: &Model, name: &str) -> Result<RoleId> {
    let granted = || {
        model
            .roles
            .iter()
            .filter(|role| !role.granted_by.is_empty())
    };
    let mut all = model.roles.iter();
    match all.position(|role| role.name == name && !role.granted_by.is_empty()) {
        Some(index) => Ok(RoleId(index)),
        None if granted().next().is_none() => bail!("no role of this design is granted"),
        None => {
            let names: Vec<&str> = granted().map(|role| &role.name[..]).collect();
            bail!(
                "`{name}` is no role that is granted; those are: {}",
                names.join(", ")
            )
        }
    }
}
