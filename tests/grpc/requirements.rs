//! R15, R17: what versions need to be ready, as settings of products and environments.

use prost_types::FieldMask;
use tonic::Status as Refusal;
use versioner::pb::{
    self, DeploymentStatus, Environment, EventType, Product, SecurityLimits, log_entry::Content,
};

use crate::{
    facts::{PRODUCT, deployment},
    refusal::refusal,
    story::Story,
};

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask {
        paths: paths.iter().map(|path| (*path).into()).collect(),
    })
}

pub(crate) async fn update_product(
    story: &Story,
    product: Product,
    paths: &[&str],
) -> Result<Product, Refusal> {
    let request = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(product),
        update_mask: mask(paths),
        ..Default::default()
    };
    let answer = story.catalog().update_product(request).await?;
    Ok(answer.into_inner().product.expect("a product"))
}

pub(crate) async fn update_environment(
    story: &Story,
    name: &str,
    environment: Environment,
    paths: &[&str],
) -> Result<Environment, Refusal> {
    let request = pb::UpdateEnvironmentRequest {
        name: name.into(),
        environment: Some(environment),
        update_mask: mask(paths),
        ..Default::default()
    };
    let answer = story.catalog().update_environment(request).await?;
    Ok(answer.into_inner().environment.expect("an environment"))
}

pub(crate) fn requiring(names: &[&str]) -> Product {
    Product {
        required_checks: names.iter().map(|name| (*name).into()).collect(),
        ..Default::default()
    }
}

fn limits(critical: Option<i64>, high: Option<i64>) -> Option<SecurityLimits> {
    Some(SecurityLimits {
        critical,
        high,
        ..Default::default()
    })
}

fn limiting(critical: Option<i64>, high: Option<i64>) -> Product {
    Product {
        security_limits: limits(critical, high),
        ..Default::default()
    }
}

async fn deploy(story: &Story) {
    let event = deployment("1.0.0", "dev", DeploymentStatus::Completed);
    story.deployment_event(event).await.unwrap();
}

async fn r15_settings_change_as_the_mask_or_else_the_filled_fields_say(story: Story) {
    deploy(&story).await;
    let product = update_product(&story, requiring(&[" unit ", "e2e", "unit"]), &[]);
    let product = product.await.unwrap();
    assert_eq!(product.required_checks, ["e2e", "unit"]);
    assert_eq!(product.security_limits, None);
    let product = update_product(&story, limiting(Some(0), Some(i64::MAX)), &[]);
    let product = product.await.unwrap();
    assert_eq!(product.required_checks, ["e2e", "unit"]);
    assert_eq!(product.security_limits, limits(Some(0), Some(i64::MAX)));

    // What limits nothing fills nothing; named by the mask it removes the limits.
    let same = update_product(&story, limiting(None, None), &[]).await;
    assert_eq!(same.unwrap(), product);
    for removing in [limiting(None, None), Product::default()] {
        let product = update_product(&story, limiting(None, Some(1)), &["security_limits"]);
        assert_eq!(
            product.await.unwrap().security_limits,
            limits(None, Some(1))
        );
        let product = update_product(&story, removing, &["security_limits"]);
        assert_eq!(product.await.unwrap().security_limits, None);
    }
    let product = update_product(&story, Product::default(), &["required_checks"]);
    let product = product.await.unwrap();
    assert_eq!(product.required_checks, [""; 0]);

    let environment = Environment {
        required_checks: vec!["smoke".into()],
        security_limits: limits(Some(2), None),
        ..Default::default()
    };
    let environment = update_environment(&story, "dev", environment, &[]);
    let environment = environment.await.unwrap();
    assert_eq!(environment.required_checks, ["smoke"]);
    assert_eq!(environment.security_limits, limits(Some(2), None));
    let log = story.log().await;
    assert_eq!(log.len(), 9);
    assert_eq!(log[8].event_type(), EventType::EnvironmentUpdated);
    assert_eq!(log[8].content, Some(Content::Environment(environment)));
    assert_eq!(log[7].content, Some(Content::Product(product)));
}

#[tokio::test]
async fn what_is_wrong_with_settings_is_told_at_once() {
    let story = Story::on_sqlite().await;
    deploy(&story).await;
    let mut names: Vec<String> = (0..101).map(|i| format!("check-{i}")).collect();
    names[1] = "n".repeat(256);
    names[2] = " ".into();
    let product = Product {
        required_checks: names.clone(),
        security_limits: Some(SecurityLimits {
            critical: Some(-1),
            high: Some(0),
            medium: Some(i64::MIN),
            low: None,
        }),
        ..Default::default()
    };
    assert_told!(refusal(update_product(&story, product, &[]).await), @"
    InvalidArgument INVALID_FIELD
    product.required_checks must have at most 100 elements (has 101)
    product.required_checks[1] must have at most 255 characters (has 256)
    product.required_checks[2] must not be empty
    product.security_limits.critical must be at least 0 (is -1)
    product.security_limits.medium must be at least 0 (is -9223372036854775808)
    ");
    let environment = Environment {
        required_checks: vec!["a\0".into()],
        security_limits: limits(None, Some(-2)),
        ..Default::default()
    };
    assert_told!(refusal(update_environment(&story, "dev", environment, &[]).await), @"
    InvalidArgument INVALID_FIELD
    environment.required_checks[0] must not have control characters
    environment.security_limits.high must be at least 0 (is -2)
    ");
    names.truncate(1);
    names.extend((0..99).map(|i| format!("other-{i}")));
    let product = Product {
        required_checks: names,
        ..Default::default()
    };
    let product = update_product(&story, product, &[]).await.unwrap();
    assert_eq!(product.required_checks.len(), 100);
}

on_both_engines!(r15_settings_change_as_the_mask_or_else_the_filled_fields_say);
