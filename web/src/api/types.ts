// The API's words under short names. Whatever the generated file calls its schemas, only this file has to follow.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type Setup = Schemas['Setup'];
export type Role = Schemas['Role'];
export type User = Schemas['User'];
export type Me = Schemas['Me'];
export type Session = Schemas['SessionShown'];
export type Token = Schemas['TokenShown'];
export type IngestState = Project['live']['state'];
export type Project = Schemas['ProjectShown'];
export type StreamKey = Schemas['StreamKeyShown'];
export type OutputState = Output['state'];
export type Output = Schemas['OutputShown'];
export type Destination = Schemas['DestinationShown'];
export type DestinationInput = Schemas['DestinationAsked'];
export type DestinationTest = Schemas['TestShown'];
export type TestStep = Schemas['StepShown'];
export type Platform = Schemas['PlatformShown'];
export type Broadcast = Schemas['BroadcastShown'];
export type Issue = Schemas['IssueShown'];
export type ReportIssue = Schemas['ReportIssue'];
export type Figures = Schemas['Figures'];
export type Health = Schemas['HealthShown'];
export type Report = Schemas['ReportShown'];
export type Playback = Schemas['PlaybackShown'];
export type Ingest = Schemas['IngestShown'] & {
  /** Every server, the safest first. */
  servers: string[];
};
export type Connection = Schemas['ConnectionShown'];
export type Webhook = Schemas['WebhookShown'];
export type Delivery = Schemas['DeliveryShown'];
export type Event = Schemas['EventShown'];
export type Stats = Schemas['StatsEvent'];
export type OutputSample = Omit<Schemas['OutputFigures'], 'destination_id' | 'state'>;
export type System = Schemas['SystemShown'];
export type Node = Schemas['NodeShown'];
export type Check = Schemas['Examined'];

/** One page of a list. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
