use std::path::Path;

use authz::Snapshot;

#[test]
fn the_folder_that_ships_loads_without_a_finding() {
    // proves POL-1, POL-3
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let snapshot = Snapshot::load(&folder, &[]).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(snapshot.warnings(), [], "{:#?}", snapshot.warnings());
}
