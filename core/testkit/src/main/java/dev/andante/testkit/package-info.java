/**
 * Conformance suites for each SPI, and the data that tests share.
 *
 * <p>Who may call: tests only. Threads: nothing here is shared between threads unless it says so.
 */
@NullMarked
package dev.andante.testkit;

import org.jspecify.annotations.NullMarked;
