//! What is put together from many rows: the matrix, comparisons, statistics and trends.

use versioner::pb::{
    BuildGrouping, CompareEnvironmentsRequest, GetBuildStatisticsRequest, GetBuildTrendRequest,
    GetEnvironmentMatrixRequest, TrendBucket,
};

use super::{PAGE, Question, half_s, production};
use crate::history::{ENVIRONMENTS, History, MAIN_PRODUCT, time};

const MATRIX: &str = "/versioner.v1.DeploymentService/GetEnvironmentMatrix";
const COMPARE: &str = "/versioner.v1.DeploymentService/CompareEnvironments";
const STATISTICS: &str = "/versioner.v1.InsightService/GetBuildStatistics";
const TREND: &str = "/versioner.v1.InsightService/GetBuildTrend";

const DAY_S: i64 = 24 * 60 * 60;

pub(super) fn questions(history: History) -> Vec<Question> {
    let mut questions = environments(history);
    questions.extend(statistics(history));
    questions.extend(trends(history));
    questions
}

fn environments(history: History) -> Vec<Question> {
    let matrix = |r: &mut GetEnvironmentMatrixRequest| {
        r.page_size = PAGE;
        r.baseline_environment_name = production();
    };
    let compare = |r: &mut CompareEnvironmentsRequest| {
        r.page_size = PAGE;
        r.environment_name = ENVIRONMENTS[1].to_owned();
        r.baseline_environment_name = production();
    };
    vec![
        Question::one("matrix of 50 products", MATRIX, matrix),
        Question::one(
            "matrix of 50 products half a year ago",
            MATRIX,
            |r: &mut GetEnvironmentMatrixRequest| {
                matrix(r);
                r.as_of = time(half_s(history));
            },
        ),
        Question::one("comparison of two environments", COMPARE, compare),
        Question::one(
            "comparison of two environments half a year ago",
            COMPARE,
            |r: &mut CompareEnvironmentsRequest| {
                compare(r);
                r.as_of = time(half_s(history));
            },
        ),
    ]
}

fn statistics(history: History) -> Vec<Question> {
    let ask = |name, fill: &dyn Fn(&mut GetBuildStatisticsRequest)| {
        Question::one(name, STATISTICS, |r: &mut GetBuildStatisticsRequest| {
            r.product_name = MAIN_PRODUCT.to_owned();
            r.start_at = time(history.begins_s());
            r.end_at = time(history.ends_s());
            fill(r);
        })
    };
    vec![
        ask("build statistics of product over a year", &|_| {}),
        ask("build statistics of product over its last day", &|r| {
            r.start_at = time(history.ends_s() - DAY_S);
        }),
        ask("build statistics over a year, by product", &|r| {
            r.product_name.clear();
            r.set_group_by(BuildGrouping::Product);
        }),
    ]
}

fn trends(history: History) -> Vec<Question> {
    let ask = |name, fill: &dyn Fn(&mut GetBuildTrendRequest)| {
        Question::one(name, TREND, |r: &mut GetBuildTrendRequest| {
            r.product_name = MAIN_PRODUCT.to_owned();
            r.start_at = time(history.begins_s());
            r.end_at = time(history.ends_s());
            r.set_bucket(TrendBucket::Day);
            r.time_zone = "Europe/Berlin".to_owned();
            fill(r);
        })
    };
    vec![
        ask("build trend of product, daily over a year", &|_| {}),
        ask("build trend of product, hourly over its last day", &|r| {
            r.start_at = time(history.ends_s() - DAY_S);
            r.set_bucket(TrendBucket::Hour);
        }),
    ]
}
