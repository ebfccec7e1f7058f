"""The one table of what there is for each operation of the API: the client's method and the operators named for it.

The contract tests hold it against the package; ``docs/operations.md`` is written from it. An operation without an
operator of its own is a task by way of ``ChartMogulApiOperator``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: How the client repeats a request that failed. ``find``: only after a look whether it was done.
#: ``once``: only if ChartMogul certainly did nothing.
Repeats = Literal["yes", "find", "once"]


@dataclass(frozen=True)
class Entry:
    """What the package has for one operation.

    :param call: method of the client, such as ``customers.merge``.
    :param operators: classes named for it, without ``ChartMogul`` and ``Operator``.
    :param repeats: how a failed request is repeated.
    """

    call: str
    operators: tuple[str, ...] = ()
    repeats: Repeats = "yes"


def _entry(call: str, *operators: str, repeats: Repeats = "yes") -> Entry:
    return Entry(call, operators, repeats)


#: What loads a stream calls the operations that the stream is made of.
LOADS = ("ToSql", "ToObjectStorage")

#: By subject, in the order of the docs.
SUBJECTS: dict[str, dict[str, Entry]] = {
    "Key and account": {
        "ping": _entry("ping"),
        "retrieve_account": _entry("account.retrieve", "Account", *LOADS),
    },
    "Data sources": {
        "list_data_sources": _entry("data_sources.list", *LOADS),
        "create_data_source": _entry("data_sources.create", "GetOrCreateDataSource", repeats="find"),
        "retrieve_data_source": _entry("data_sources.retrieve"),
        "delete_data_source": _entry("data_sources.delete", "DeleteDataSource"),
        "import_csv_into_data_source": _entry("data_sources.import_csv", repeats="once"),
        "purge_data_source": _entry("data_sources.purge", "EmptyDataSource"),
        "empty_data_source": _entry("data_sources.empty", "EmptyDataSource"),
        "create_json_import": _entry("json_imports.create", "BulkImport", "ReplayRejected", repeats="find"),
        "retrieve_json_import": _entry("json_imports.retrieve", "BulkImport", "ReplayRejected"),
    },
    "Customers": {
        "list_customers": _entry("customers.list", "FindDuplicateCustomers", "Reconcile", "EnrichCustomers", *LOADS),
        "create_customer": _entry("customers.create", "ImportCustomers", repeats="find"),
        "search_customers_by_email": _entry("customers.search", "SearchCustomers"),
        "retrieve_customer": _entry("customers.retrieve"),
        "update_customer": _entry("customers.update", "UpdateCustomers", "ImportCustomers"),
        "delete_customer": _entry("customers.delete", "DeleteCustomers"),
        "merge_customers": _entry("customers.merge", "MergeCustomers", repeats="find"),
        "unmerge_customers": _entry("customers.unmerge", "UnmergeCustomers", repeats="find"),
    },
    "Contacts": {
        "list_customer_contacts": _entry("contacts.list_for_customer"),
        "create_customer_contact": _entry("contacts.create_for_customer", repeats="once"),
        "list_contacts": _entry("contacts.list", *LOADS),
        "create_contact": _entry("contacts.create", "CreateContacts", repeats="once"),
        "retrieve_contact": _entry("contacts.retrieve"),
        "update_contact": _entry("contacts.update", "UpdateContacts"),
        "delete_contact": _entry("contacts.delete", "DeleteContacts"),
        "merge_contacts": _entry("contacts.merge", "MergeContacts", repeats="find"),
    },
    "Customer notes, tasks and opportunities": {
        "list_customer_notes": _entry("customer_notes.list", *LOADS),
        "create_customer_note": _entry("customer_notes.create", "CreateCustomerNotes", repeats="once"),
        "retrieve_customer_note": _entry("customer_notes.retrieve"),
        "update_customer_note": _entry("customer_notes.update", "UpdateCustomerNotes"),
        "delete_customer_note": _entry("customer_notes.delete", "DeleteCustomerNotes"),
        "list_tasks": _entry("tasks.list", *LOADS),
        "create_task": _entry("tasks.create", "CreateTasks", repeats="once"),
        "retrieve_task": _entry("tasks.retrieve"),
        "update_task": _entry("tasks.update", "UpdateTasks"),
        "delete_task": _entry("tasks.delete", "DeleteTasks"),
        "list_opportunities": _entry("opportunities.list", *LOADS),
        "create_opportunity": _entry("opportunities.create", "CreateOpportunities", repeats="once"),
        "retrieve_opportunity": _entry("opportunities.retrieve"),
        "update_opportunity": _entry("opportunities.update", "UpdateOpportunities"),
        "delete_opportunity": _entry("opportunities.delete", "DeleteOpportunities"),
    },
    "Plans and plan groups": {
        "create_plan": _entry("plans.create", "ImportPlans", repeats="find"),
        "list_plans": _entry("plans.list", *LOADS),
        "retrieve_plan": _entry("plans.retrieve"),
        "update_plan": _entry("plans.update", "ImportPlans"),
        "delete_plan": _entry("plans.delete"),
        "create_plan_group": _entry("plan_groups.create", "CreatePlanGroups", repeats="once"),
        "list_plan_groups": _entry("plan_groups.list", *LOADS),
        "retrieve_plan_group": _entry("plan_groups.retrieve"),
        "update_plan_group": _entry("plan_groups.update", "UpdatePlanGroups"),
        "delete_plan_group": _entry("plan_groups.delete", "DeletePlanGroups"),
        "list_plan_group_plans": _entry("plan_groups.list_plans", *LOADS),
    },
    "Subscriptions": {
        "list_customer_subscriptions": _entry(
            "subscriptions.list", "ListCustomerSubscriptions", "FindContinuedSubscriptions", *LOADS
        ),
        "list_customer_import_subscriptions": _entry("subscriptions.list_imported"),
        "cancel_subscription": _entry("subscriptions.cancel", "CancelSubscriptions", repeats="once"),
        "connect_subscriptions": _entry("subscriptions.connect", "ConnectSubscriptions"),
        "disconnect_subscriptions": _entry("subscriptions.disconnect", "DisconnectSubscriptions"),
    },
    "Invoices": {
        "import_invoices": _entry("invoices.create", "ImportInvoices", repeats="find"),
        "list_customer_invoices": _entry("invoices.list_for_customer"),
        "list_invoices": _entry("invoices.list", "Reconcile", *LOADS),
        "update_invoice_by_external_id": _entry("invoices.update_by_external_id"),
        "delete_invoice_by_external_id": _entry("invoices.delete_by_external_id", "DeleteInvoices"),
        "retrieve_invoice": _entry("invoices.retrieve"),
        "update_invoice": _entry("invoices.update", "ImportInvoices"),
        "delete_invoice": _entry("invoices.delete", "DeleteInvoices"),
        "delete_customer_invoices": _entry("invoices.delete_for_customer", "DeleteCustomerInvoices"),
        "disable_invoice": _entry("invoices.disable"),
        "disable_invoice_by_external_id": _entry("invoices.disable_by_external_id"),
        "update_invoice_status": _entry("invoices.update_status", "UpdateInvoiceStatus"),
    },
    "Line items and transactions": {
        "create_line_item": _entry("line_items.create", "ImportLineItems", repeats="find"),
        "retrieve_line_item": _entry("line_items.retrieve"),
        "update_line_item": _entry("line_items.update", "ImportLineItems"),
        "delete_line_item": _entry("line_items.delete"),
        "retrieve_line_item_by_external_id": _entry("line_items.retrieve_by_external_id"),
        "update_line_item_by_external_id": _entry("line_items.update_by_external_id"),
        "delete_line_item_by_external_id": _entry("line_items.delete_by_external_id"),
        "disable_line_item": _entry("line_items.disable"),
        "disable_line_item_by_external_id": _entry("line_items.disable_by_external_id"),
        "create_transaction": _entry("transactions.create", "ImportTransactions", repeats="find"),
        "retrieve_transaction": _entry("transactions.retrieve"),
        "update_transaction": _entry("transactions.update", "ImportTransactions"),
        "delete_transaction": _entry("transactions.delete"),
        "retrieve_transaction_by_external_id": _entry("transactions.retrieve_by_external_id"),
        "update_transaction_by_external_id": _entry("transactions.update_by_external_id"),
        "delete_transaction_by_external_id": _entry("transactions.delete_by_external_id"),
        "disable_transaction": _entry("transactions.disable"),
        "disable_transaction_by_external_id": _entry("transactions.disable_by_external_id"),
    },
    "Subscription events": {
        "create_subscription_event": _entry("subscription_events.create", "ImportSubscriptionEvents", repeats="find"),
        "list_subscription_events": _entry("subscription_events.list", *LOADS),
        "update_subscription_event": _entry(
            "subscription_events.update", "UpdateSubscriptionEvents", "ImportSubscriptionEvents"
        ),
        "delete_subscription_event": _entry("subscription_events.delete", "DeleteSubscriptionEvents"),
        "disable_subscription_event": _entry("subscription_events.disable"),
        "disable_subscription_event_by_external_id": _entry("subscription_events.disable_by_external_id"),
    },
    "Tags and custom attributes": {
        "retrieve_customer_attributes": _entry("customers.retrieve_attributes"),
        "add_tags_to_customer": _entry("tags.add", "AddTags", "EnrichCustomers"),
        "remove_tags_from_customer": _entry("tags.remove", "RemoveTags", "EnrichCustomers"),
        "add_tags_to_customers_by_email": _entry("tags.add_by_email", "AddTags"),
        "add_custom_attributes_to_customer": _entry("custom_attributes.add", "AddCustomAttributes", "EnrichCustomers"),
        "update_custom_attributes_of_customer": _entry("custom_attributes.update", "UpdateCustomAttributes"),
        "remove_custom_attributes_from_customer": _entry(
            "custom_attributes.remove", "RemoveCustomAttributes", "EnrichCustomers"
        ),
        "add_custom_attributes_to_customers_by_email": _entry("custom_attributes.add_by_email", "AddCustomAttributes"),
        "retrieve_subscription_attributes": _entry("subscription_attributes.retrieve"),
        "add_custom_attributes_to_subscription": _entry("subscription_attributes.add"),
        "update_custom_attributes_of_subscription": _entry("subscription_attributes.update"),
        "remove_custom_attributes_from_subscription": _entry("subscription_attributes.remove"),
        "retrieve_subscription_set_attributes": _entry("subscription_set_attributes.retrieve"),
        "add_custom_attributes_to_subscription_set": _entry("subscription_set_attributes.add"),
        "update_custom_attributes_of_subscription_set": _entry("subscription_set_attributes.update"),
        "remove_custom_attributes_from_subscription_set": _entry("subscription_set_attributes.remove"),
    },
    "Metrics and activities": {
        "retrieve_all_key_metrics": _entry("metrics.all", "Metrics", *LOADS),
        "retrieve_mrr": _entry("metrics.mrr", "Metrics", *LOADS),
        "retrieve_arr": _entry("metrics.arr", "Metrics", *LOADS),
        "retrieve_arpa": _entry("metrics.arpa", "Metrics", *LOADS),
        "retrieve_asp": _entry("metrics.asp", "Metrics", *LOADS),
        "retrieve_customer_count": _entry("metrics.customer_count", "Metrics", *LOADS),
        "retrieve_customer_churn_rate": _entry("metrics.customer_churn_rate", "Metrics", *LOADS),
        "retrieve_mrr_churn_rate": _entry("metrics.mrr_churn_rate", "Metrics", *LOADS),
        "retrieve_ltv": _entry("metrics.ltv", "Metrics", *LOADS),
        "list_customer_activities": _entry("activities.list_for_customer"),
        "list_activities": _entry("activities.list", "ListActivities", *LOADS),
        "create_activities_export": _entry("activities_exports.create", "CreateActivitiesExport", *LOADS),
        "retrieve_activities_export": _entry("activities_exports.retrieve", "DownloadActivitiesExport", *LOADS),
    },
}

OPERATIONS: dict[str, Entry] = {name: entry for subject in SUBJECTS.values() for name, entry in subject.items()}
