/** Configuration rules that hold for every service. */
@NullMarked
package dev.andante.service.config;

import org.jspecify.annotations.NullMarked;
