/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mark of what libiommud exports for backends in libraries of their own, such as libiommud-sim.
 *
 * Such a library derives from IommudBackend, offers an IommudProbe and uses the error domain: types
 * that a process must have only once. What is marked is not a public interface. Its headers are not
 * installed, and it changes from release to release, so both libraries must have the same version.
 */
#pragma once

#define IOMMUD_INTERNAL __attribute__ ((visibility ("default")))
