/**
 * Who runs: the QoE-aware iteration of Andes (arXiv 2404.16283) as a pure function from a snapshot
 * of the requests to a decision. No state, no clock, no thread: the caller applies the decision and
 * asks again at its next event.
 *
 * <p>Below the trigger everything is let in and nothing is preempted; prompts are put in the order
 * of what they gain for the time. Above it a knapsack chooses by gain per KV token, and preemptions
 * must pay for the stall they cause.
 */
@NullMarked
package dev.andante.qoe.batch;

import org.jspecify.annotations.NullMarked;
