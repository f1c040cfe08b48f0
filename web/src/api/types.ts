// The API's words under short names. Whatever the generated file calls its schemas, only this file has to follow.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type Setup = Schemas['Setup'];
export type Role = Schemas['Role'];
export type User = Schemas['User'];
export type Me = Schemas['Me'];
export type Session = Schemas['Session'];
export type Token = Schemas['Token'];
export type IngestState = Schemas['IngestState'];
export type Project = Schemas['Project'];
export type StreamKey = Schemas['StreamKey'];
export type OutputState = Schemas['OutputState'];
export type Output = Schemas['Output'];
export type Destination = Schemas['Destination'];
export type DestinationInput = Schemas['DestinationInput'];
export type DestinationTest = Schemas['DestinationTest'];
export type TestStep = Schemas['TestStep'];
export type Platform = Schemas['Platform'];
export type Broadcast = Schemas['Broadcast'];
export type Issue = Schemas['Issue'];
export type Figures = Schemas['Figures'];
export type Health = Schemas['Health'];
export type Report = Schemas['Report'];
export type Playback = Schemas['Playback'];
export type Ingest = Schemas['Ingest'] & {
  /** Every server, the safest first. */
  servers: string[];
};
export type Connection = Schemas['Connection'];
export type Webhook = Schemas['Webhook'];
export type Delivery = Schemas['Delivery'];
export type Event = Schemas['Event'];
export type Stats = Schemas['Stats'];
export type OutputSample = Schemas['OutputSample'] & { sent_bytes?: number };
export type System = Schemas['System'];
export type Node = Schemas['Node'];
export type Check = Schemas['Check'];

/** One page of a list. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
