/**
 * What a run cost the engine: the events of its history, and the actions Temporal Cloud would bill for it, by the rules of
 * https://docs.temporal.io/cloud/actions: a start, each attempt of an activity, each timer, each signal, each upsert of search
 * attributes; local activities count one action for each workflow task that records any. Beats of activities would count too,
 * but leave no event; these activities end long before their first.
 */
import type { Client } from '@temporalio/client'
import proto from '@temporalio/proto'

export type Cost = { events: number; actions: number; byType: Record<string, number> }

const { EventType } = proto.temporal.api.enums.v1

export async function costOf(client: Client, workflowId: string): Promise<Cost> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
  const byType: Record<string, number> = {}
  const recording = new Set<string>()
  let actions = 0
  for (const event of events ?? []) {
    const type = event.eventType ?? EventType.EVENT_TYPE_UNSPECIFIED
    const name = EventType[type].replace('EVENT_TYPE_', '')
    byType[name] = (byType[name] ?? 0) + 1
    switch (type) {
      case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      case EventType.EVENT_TYPE_TIMER_STARTED:
      case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
        actions += 1
        break
      case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
        actions += event.activityTaskStartedEventAttributes?.attempt ?? 1
        break
      case EventType.EVENT_TYPE_MARKER_RECORDED:
        recording.add(String(event.markerRecordedEventAttributes?.workflowTaskCompletedEventId))
        break
      default:
        break
    }
  }
  return { events: events?.length ?? 0, actions: actions + recording.size, byType }
}
