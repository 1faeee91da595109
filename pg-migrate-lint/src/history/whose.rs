//! Whose migrations a folder has, where its names leave that open and the server has somebody's history.

use shared::cli::Context;
use shared::{Error, Result};

use super::place::{Other, Tables};
use crate::layout::{self, Layout, Project};

/// The project as the framework reads it whose history the server has, if that is plain from both.
///
/// Fails where another framework's history is there and nothing says that this one's is only still to come: all of
/// the folder would be taken for pending.
pub fn by_server(
    project: &Project,
    tables: &Tables,
    known: &[Layout],
    context: &Context,
) -> Result<Option<Project>> {
    let others = tables.others(known);
    if others.is_empty() && project.layout != Layout::Plain {
        return Ok(None);
    }
    if project.is_sure {
        return Err(refused(project, tables, &others));
    }
    let mut read = Vec::new();
    for other in &others {
        for layout in &other.layouts {
            let project = layout::read_as(project, *layout)?;
            read.extend(project.map(|project| (other.place.shown(), project)));
        }
    }
    match (read.pop(), read.is_empty()) {
        (Some((place, found)), true) => {
            let (path, title) = (project.root.display(), found.layout.title());
            context.remark(format!(
                "{path} is taken for migrations of {title}, since the database has {place}"
            ));
            Ok(Some(found))
        }
        _ => Err(refused(project, tables, &others)),
    }
}

fn refused(project: &Project, tables: &Tables, others: &[Other]) -> Error {
    let seen: Vec<String> = others.iter().map(Other::to_string).collect();
    let seen = seen.join(", ");
    let path = project.root.display();
    if project.layout == Layout::Plain {
        let error = Error::usage(format!(
            "{path} has plain files, of which no framework keeps a history"
        ));
        return match others {
            [] => error.with_hint("--layout says whose migrations they are"),
            _ => error.with_hint(format!(
                "the database has {seen}: --layout says whose migrations they are"
            )),
        };
    }
    let (title, database) = (project.layout.title(), tables.database());
    Error::usage(format!(
        "database {database:?} has {seen}, and no history of {title}, whose migrations {path} seems to have"
    ))
    .with_hint(
        "--layout says whose they are, also where none of them was ever applied; --history where its table is",
    )
}
