/**
 * The engine put together: {@link dev.andante.engine.runtime.Engines} starts one. Callers post to a
 * bounded {@code Mailbox}; the engine thread alone runs {@code EngineCore}, which owns requests,
 * scheduler, transfers, KV pool and workspace, but for KV that arrives, which is stored beside the
 * steps; one step at a time it does
 *
 * <pre>
 * messages → expire leases → drafts → schedule → forward → sample and verify → export KV → tell listeners
 * </pre>
 */
@NullMarked
package dev.andante.engine.runtime;

import org.jspecify.annotations.NullMarked;
