-- The order is that of kstatus, by which Flux and Helm wait: observedGeneration, Stalled,
-- Reconciling, Ready. Conditions have fixed types; their messages are for people.
local health = { status = "Progressing", message = "waiting for the operator" }

if obj.spec ~= nil and obj.spec.paused == true then
  return { status = "Suspended", message = "spec.paused: nothing is changed" }
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend: no server runs" }
end
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(name, status)
  return conditions[name] ~= nil and conditions[name].status == status
end

if is("Stalled", "True") then
  health = { status = "Degraded", message = conditions.Stalled.message }
elseif is("Reconciling", "True") then
  health = { status = "Progressing", message = conditions.Reconciling.message }
elseif is("Ready", "True") then
  health = { status = "Healthy", message = conditions.Ready.message }
elseif is("Ready", "False") then
  health = { status = "Degraded", message = conditions.Ready.message }
end
return health
