//! R15: products are renamed, described and deleted, and an old name goes on finding them.

use prost_types::FieldMask;
use tonic::Status as Refusal;
use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus, EventType, Product};

use crate::{
    facts::{PRODUCT, build, check, deployment},
    refusal::refusal,
    story::Story,
};

async fn get(story: &Story, name: &str) -> Result<Product, Refusal> {
    let request = pb::GetProductRequest {
        name: name.into(),
        ..Default::default()
    };
    let answer = story.catalog().get_product(request).await?;
    Ok(answer.into_inner().product.expect("a product"))
}

/// Changes the fields that the mask names; those that are filled where it names none.
async fn update(story: &Story, product: Product, mask: &[&str]) -> Result<Product, Refusal> {
    let request = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(product),
        update_mask: Some(FieldMask {
            paths: mask.iter().map(|path| (*path).into()).collect(),
        }),
        ..Default::default()
    };
    let answer = story.catalog().update_product(request).await?;
    Ok(answer.into_inner().product.expect("a product"))
}

async fn delete(story: &Story, force: bool) -> Result<pb::DeleteProductResponse, Refusal> {
    let request = pb::DeleteProductRequest {
        name: PRODUCT.into(),
        force,
        ..Default::default()
    };
    let answer = story.catalog().delete_product(request).await;
    answer.map(tonic::Response::into_inner)
}

fn named(name: &str) -> Product {
    Product {
        name: name.into(),
        ..Default::default()
    }
}

async fn start(story: &Story, product_name: &str, version: &str) -> pb::SubmitVersionEventResponse {
    let event = pb::VersionEvent {
        product_name: product_name.into(),
        ..build(version, BuildStatus::Started)
    };
    story.version_event(event).await.unwrap()
}

async fn r15_ci_goes_on_posting_the_old_name_of_a_renamed_product(story: Story) {
    start(&story, PRODUCT, "1.0.0").await;
    let renamed = update(&story, named("new-name"), &[]).await.unwrap();
    assert_eq!(renamed.name, "new-name");
    assert_eq!(renamed.aliases, [PRODUCT]);
    assert_eq!(get(&story, PRODUCT).await.unwrap(), renamed);
    assert_eq!(get(&story, "new-name").await.unwrap(), renamed);

    let posted = start(&story, PRODUCT, "1.0.1").await;
    assert!(!posted.receipt.unwrap().product_created);
    let version = posted.version.unwrap();
    assert_eq!(version.product_name, "new-name");
    assert_eq!(version.product_id, renamed.id);
    for name in [PRODUCT, "new-name"] {
        let request = pb::ListVersionsRequest {
            product_name: name.into(),
            ..Default::default()
        };
        let page = story.versions().list_versions(request).await.unwrap();
        assert_eq!(page.into_inner().versions.len(), 2, "{name}");
    }

    // Removed from the aliases, the name is free, and brings another product into being.
    update(&story, Product::default(), &["aliases"])
        .await
        .unwrap();
    let answer = start(&story, PRODUCT, "1.0.0").await;
    assert!(answer.receipt.unwrap().product_created);
    assert_ne!(answer.version.unwrap().product_id, renamed.id);
}

async fn an_update_changes_what_the_mask_names_or_else_what_is_filled(story: Story) {
    start(&story, PRODUCT, "1.0.0").await;
    let described = Product {
        description: "The\nbilling service.".into(),
        aliases: vec!["billing".into(), "b".into(), "billing".into()],
        ..Default::default()
    };
    let product = update(&story, described.clone(), &[]).await.unwrap();
    assert_eq!(product.description, "The\nbilling service.");
    assert_eq!(product.aliases, ["b", "billing"]);
    let product = update(&story, described, &["description"]).await.unwrap();
    assert_eq!(product.aliases, ["b", "billing"]);
    let product = update(&story, Product::default(), &["description"])
        .await
        .unwrap();
    assert_eq!((&product.description[..], product.aliases.len()), ("", 2));
    let product = update(&story, Product::default(), &["aliases"])
        .await
        .unwrap();
    assert_eq!(product.aliases, [""; 0]);
    assert_eq!(product.name, PRODUCT);
}

async fn an_update_that_changes_nothing_leaves_no_entry_in_the_log(story: Story) {
    start(&story, PRODUCT, "1.0.0").await;
    let before = get(&story, PRODUCT).await.unwrap();
    let same = update(&story, named(PRODUCT), &["name", "description", "aliases"]).await;
    assert_eq!(same.unwrap(), before);
    assert_eq!(
        update(&story, Product::default(), &[]).await.unwrap(),
        before
    );
    assert_eq!(story.log().await.len(), 1);
    let changed = update(&story, named("new-name"), &[]).await.unwrap();
    assert_eq!(changed.created_at, before.created_at);
    assert_ne!(changed.updated_at, before.updated_at);
    assert_eq!(story.log().await.len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_an_update_is_told_at_once() {
    let story = Story::on_sqlite().await;
    start(&story, PRODUCT, "1.0.0").await;
    let mut aliases: Vec<String> = (0..101).map(|i| format!("alias-{i}")).collect();
    aliases[2] = "a\0".into();
    aliases[3] = " ".into();
    let product = Product {
        name: "n".repeat(256),
        description: "d".repeat(4_097),
        aliases,
        ..Default::default()
    };
    let mask = ["name", "colour", "id", "description", "aliases"];
    assert_told!(refusal(update(&story, product, &mask).await), @r#"
    InvalidArgument INVALID_FIELD
    update_mask must have only name, description, aliases, required_checks, security_limits (has "colour")
    update_mask must have only name, description, aliases, required_checks, security_limits (has "id")
    product.name must have at most 255 characters (has 256)
    product.description must have at most 4096 characters (has 4097)
    product.aliases must have at most 100 elements (has 101)
    product.aliases[2] must not have control characters
    product.aliases[3] must not be empty
    "#);
    assert_told!(refusal(update(&story, Product::default(), &["name"]).await), @"
    InvalidArgument INVALID_FIELD
    product.name is required if update_mask has it: a name cannot be removed
    ");

    let aliases = (0..100).map(|i| format!("alias-{i:02}")).collect();
    let product = Product {
        aliases,
        ..Default::default()
    };
    let product = update(&story, product, &[]).await.unwrap();
    assert_eq!(product.aliases.len(), 100);
}

async fn a_name_or_alias_belongs_to_one_product(story: Story) {
    start(&story, PRODUCT, "1.0.0").await;
    start(&story, "other", "1.0.0").await;
    let taken = refusal(update(&story, named("other"), &[]).await);
    assert_told!(taken, @"
    AlreadyExists PRODUCT_NAME_TAKEN
    message: other is the name or an alias of another product
    name: other
    ");
    let alias = Product {
        aliases: vec!["free".into(), "other".into()],
        ..Default::default()
    };
    assert_eq!(refusal(update(&story, alias, &[]).await), taken);
    assert_eq!(
        get(&story, "free").await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    assert_eq!(story.log().await.len(), 2);
}

async fn r15_a_product_in_use_is_deleted_with_force_and_all_that_it_has(story: Story) {
    start(&story, PRODUCT, "1.0.0").await;
    start(&story, PRODUCT, "1.0.1").await;
    let event = deployment("1.0.0", "dev", DeploymentStatus::Completed);
    let deployed = story.deployment_event(event).await.unwrap();
    let event = check("1.0.0", "unit", CheckStatus::Passed);
    story.check_event(event).await.unwrap();
    let kept = start(&story, "other", "1.0.0").await.version.unwrap();
    let product = get(&story, PRODUCT).await.unwrap();

    assert_told!(refusal(delete(&story, false).await), @"
    FailedPrecondition PRODUCT_IN_USE
    message: product my-service has versions; set force to delete it with them
    name: my-service
    ");
    assert_eq!(get(&story, PRODUCT).await.unwrap(), product);
    let deleted = delete(&story, true).await.unwrap();
    assert_eq!(
        deleted,
        pb::DeleteProductResponse {
            versions: 2,
            builds: 2,
            checks: 1,
            deployments: 1,
            events: 4,
        }
    );
    assert_told!(refusal(get(&story, PRODUCT).await), @"
    NotFound PRODUCT_NOT_FOUND
    message: there is no product my-service
    resource: versioner.v1.Product my-service
    ");
    assert_eq!(
        refusal(delete(&story, true).await),
        refusal(get(&story, PRODUCT).await)
    );

    let by_id = pb::GetProductRequest {
        id: product.id.clone(),
        ..Default::default()
    };
    let gone = refusal(story.catalog().get_product(by_id).await);
    let told = format!(
        "NotFound PRODUCT_NOT_FOUND\nmessage: there is no product with id {0}\n\
         resource: versioner.v1.Product {0}",
        product.id
    );
    assert_eq!(gone, told);
    let request = pb::GetDeploymentRequest {
        id: deployed.deployment.unwrap().id,
    };
    let gone = story.deployments().get_deployment(request).await;
    assert_eq!(gone.unwrap_err().code(), tonic::Code::NotFound);
    let versions = pb::ListVersionsRequest::default();
    let versions = story.versions().list_versions(versions).await.unwrap();
    assert_eq!(versions.into_inner().versions, [kept]);

    // Positions stay, contents went, and the deletion is an entry too.
    let log = story.log().await;
    assert!(log.iter().map(|event| event.position).eq(1..=6));
    let has_content = log.iter().map(|event| event.content.is_some());
    assert!(has_content.eq([false, false, false, false, true, true]));
    assert_eq!(log[5].event_type(), EventType::ProductDeleted);
    let again = start(&story, PRODUCT, "1.0.0").await;
    assert!(again.receipt.unwrap().product_created);
    assert_ne!(again.version.unwrap().product_id, product.id);
}

async fn products_are_listed_by_name_in_byte_order(story: Story) {
    for name in ["b", "B", "a", "é", "a_c", "abc", "a%", "Z"] {
        start(&story, name, "1.0.0").await;
    }
    let list = async |name_prefix: &str| {
        let request = pb::ListProductsRequest {
            name_prefix: name_prefix.into(),
            ..Default::default()
        };
        let page = story.catalog().list_products(request).await.unwrap();
        let names: Vec<String> = page
            .into_inner()
            .products
            .into_iter()
            .map(|p| p.name)
            .collect();
        names.join(" ")
    };
    assert_eq!(list("").await, "B Z a a% a_c abc b é");
    assert_eq!(list("a").await, "a a% a_c abc");
    assert_eq!(list("a_").await, "a_c");
    assert_eq!(list("%").await, "");
    assert_eq!(list("é").await, "é");
    let by_id = pb::GetProductRequest {
        id: get(&story, "é").await.unwrap().id,
        ..Default::default()
    };
    let by_id = story.catalog().get_product(by_id).await.unwrap();
    assert_eq!(by_id.into_inner().product.unwrap().name, "é");
}

on_both_engines!(
    r15_ci_goes_on_posting_the_old_name_of_a_renamed_product,
    an_update_changes_what_the_mask_names_or_else_what_is_filled,
    an_update_that_changes_nothing_leaves_no_entry_in_the_log,
    a_name_or_alias_belongs_to_one_product,
    r15_a_product_in_use_is_deleted_with_force_and_all_that_it_has,
    products_are_listed_by_name_in_byte_order,
);
