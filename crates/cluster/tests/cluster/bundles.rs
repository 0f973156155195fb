//! BundleInstance, CancelBundleTask and DescribeBundleTasks.

use euca_wire::{ClusterApi, cc, nc};

use crate::fixture::{A, B, C, NODES, X, instance, world};
use crate::fleet::{Act, World};

fn bundle(id: Option<&str>) -> cc::BundleInstance {
    cc::BundleInstance {
        correlation_id: Some("c-1".into()),
        user_id: Some("alice".into()),
        instance_id: id.map(Into::into),
        bucket_name: Some("bucket".into()),
        file_prefix: Some("prefix".into()),
        walrus_url: Some("http://walrus:8773/services/Walrus".into()),
        user_public_key: Some("AKI".into()),
        s3_policy: Some("cG9saWN5".into()),
        s3_policy_sig: Some("c2ln".into()),
        ..Default::default()
    }
}

async fn bundled(world: &World, request: cc::BundleInstance) -> cc::BundleInstanceResponse {
    world.cluster.bundle_instance(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn cc_t036_bundle_is_forwarded_with_its_identity_and_without_node_name() {
    let world = world().await;
    assert_eq!(bundled(&world, bundle(Some(A))).await.return_, Some(true));
    let expected = nc::NcBundleInstance {
        correlation_id: Some("c-1".into()),
        user_id: Some("alice".into()),
        node_name: None,
        instance_id: Some(A.into()),
        bucket_name: Some("bucket".into()),
        file_prefix: Some("prefix".into()),
        walrus_url: Some("http://walrus:8773/services/Walrus".into()),
        user_public_key: Some("AKI".into()),
        cloud_public_key: None,
        s3_policy: Some("cG9saWN5".into()),
        s3_policy_sig: Some("c2ln".into()),
        ..Default::default()
    };
    assert_eq!(world.fleet.requests::<nc::NcBundleInstance>(), [("n1".to_owned(), expected)]);
}

#[tokio::test(start_paused = true)]
async fn cc_t037_bundle_without_identity_has_none_anywhere() {
    let world = world().await;
    let answer =
        bundled(&world, cc::BundleInstance { correlation_id: None, user_id: None, ..bundle(Some(A)) }).await;
    assert_eq!((answer.return_, answer.correlation_id, answer.user_id), (Some(true), None, None));
    let (_, sent) = world.fleet.requests::<nc::NcBundleInstance>().remove(0);
    assert_eq!((sent.correlation_id, sent.user_id), (None, None));
}

#[tokio::test(start_paused = true)]
async fn cc_t038_bundle_without_an_id_calls_nobody() {
    let world = world().await;
    let answer = bundled(&world, bundle(None)).await;
    assert_eq!((answer.return_, answer.status_message.as_deref()), (Some(false), Some("ERROR")));
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t039_what_bundle_was_not_given_is_not_forwarded() {
    let world = world().await;
    world.fleet.plan("n1", "ncBundleInstance", [Act::False]);
    let answer = bundled(&world, cc::BundleInstance { bucket_name: None, ..bundle(Some(A)) }).await;
    assert_eq!(answer.return_, Some(false));
    let requests = world.fleet.requests::<nc::NcBundleInstance>();
    assert_eq!((requests.len(), requests[0].0.as_str()), (1, "n1"));
    assert_eq!(requests[0].1.bucket_name, None);
}

#[tokio::test(start_paused = true)]
async fn cancel_asks_the_host_node_or_searches() {
    for (row, id, act, called, success) in
        [("cc_t040", A, Act::True, &NODES[1..2], true), ("cc_t041", X, Act::False, &NODES[..], false)]
    {
        let world = world().await;
        for node in NODES {
            world.fleet.plan(node, "ncCancelBundleTask", [act.clone()]);
        }
        let request = cc::CancelBundleTask { instance_id: Some(id.into()), ..Default::default() };
        let answer = world.cluster.cancel_bundle_task(request).await.unwrap();
        assert_eq!(answer.return_, Some(success), "{row}");
        assert_eq!(world.fleet.nodes_called("ncCancelBundleTask"), called, "{row}");
    }
    let nobody = world().await;
    let answer = nobody.cluster.cancel_bundle_task(cc::CancelBundleTask::default()).await.unwrap();
    assert_eq!(answer.return_, Some(false));
    assert!(nobody.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t042_bundle_tasks_are_told_of_every_instance() {
    let world = world().await;
    world.fleet.script("n1", |script| {
        let bundling = Some("bundling".into());
        script.instances = vec![nc::Instance { bundle_task_state_name: bundling, ..instance(A, "Extant") }];
    });
    world.poll().await;
    world.fleet.forget_calls();
    let request = cc::DescribeBundleTasks { instance_ids: vec![A.into()], ..Default::default() };
    let answer = world.cluster.describe_bundle_tasks(request).await.unwrap();
    let mut tasks: Vec<_> =
        answer.bundle_tasks.iter().map(|t| (t.instance_id.as_deref(), t.state.as_deref())).collect();
    tasks.sort_unstable();
    assert_eq!(tasks, [(Some(A), Some("bundling")), (Some(B), Some("")), (Some(C), Some("none"))]);
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t043_there_are_no_bundle_tasks_without_instances() {
    let world = World::start(crate::fixture::round_robin(), crate::fleet::Fleet::new(), &[]);
    let answer = world.cluster.describe_bundle_tasks(cc::DescribeBundleTasks::default()).await.unwrap();
    assert_eq!((answer.return_, answer.bundle_tasks.len()), (Some(true), 0));
}
